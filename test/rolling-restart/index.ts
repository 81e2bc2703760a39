import { parseArgs } from 'node:util'
import { type Answers, rollingRestart } from './rolling-restart.ts'

const { values } = parseArgs({ options: { rate: { type: 'string', default: '500' } } })
const say = (line: string) => void process.stdout.write(`${line}\n`)
const { took, http, nats } = await rollingRestart({ rate: Number(values.rate), say })
const line = ({ answered, failed }: Answers) =>
  `${answered} answered, ${Math.round((answered * 1_000) / took)} per second, ${failed} failed`
say(`HTTP: ${line(http)}`)
say(`NATS: ${line(nats)}`)
process.exit(http.failed + nats.failed === 0 && http.answered > 0 ? 0 : 1)
