import { parseArgs } from 'node:util'
import { rollingRestart } from './rolling-restart.ts'

const { values } = parseArgs({ options: { rate: { type: 'string', default: '500' } } })
const say = (line: string) => void process.stdout.write(`${line}\n`)
const { http, nats } = await rollingRestart({ rate: Number(values.rate), say })
say(`HTTP: ${http.answered} answered, ${http.failed} failed`)
say(`NATS: ${nats.answered} answered, ${nats.failed} failed`)
process.exit(http.failed + nats.failed === 0 && http.answered > 0 ? 0 : 1)
