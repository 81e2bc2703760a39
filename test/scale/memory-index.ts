import { memory } from './memory.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)
await memory({ accounts: 100_000, tokenBytes: 16_384, say })
await memory({ accounts: 1_000_000, tokenBytes: 1_024, say })
