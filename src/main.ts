import { setFlagsFromString } from 'node:v8'
import { runCommand } from './cli/program.ts'
import type { ExitCode } from './cli/tools.ts'
import { createLogger } from './common/log.ts'
import { StartError } from './common/start-error.ts'
import { readConfig } from './node/config.ts'
import { dataDirFailure, prepareDataDir } from './node/data-dir.ts'
import { openAudit } from './node/open-audit.ts'

// By default V8 lets its heap grow to four times what is in use before a full collection; twice is as fast (docs/measurements.md).
setFlagsFromString('--heap-growing-percent=100')

const { env, stdin, stdout, stderr } = process
const colour = env.NO_COLOR ? false : stdout.isTTY === true

const write = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`)

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends the process at once. */
const interrupted = new Promise<NodeJS.Signals>((resolve) => {
  let asked = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(signal === 'SIGINT' ? 130 : 143)
      asked = true
      resolve(signal)
    })
  }
})

/** Resolves when the reader of our output has closed it (EPIPE), as after `| head`; the rest is dropped. */
const unread = new Promise<void>((resolve) => {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    resolve()
  })
})
// A closed log must not stop the service.
stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function start(
  mode: 'dev' | 'serve',
  onBroken: (sentence: string) => void,
): Promise<{ stop(signal?: NodeJS.Signals): Promise<void> }> {
  const config = readConfig(env, mode)
  // In `dev` the transitions are printed, so the log is limited to warnings.
  const level = mode === 'dev' && env.TOKENBUS_LOG_LEVEL === undefined ? 'warn' : config.logLevel
  const logger = createLogger({ level, stream: stderr })
  const audit = await openAudit({ target: config.audit, stderr, logger })
  // Without a file to reopen, SIGHUP ends the process by default.
  if (config.audit.to === 'file') process.on('SIGHUP', audit.reopen)
  const { dataDir } = config
  try {
    await prepareDataDir({ dataDir, mode, logger })
    if (mode === 'serve') {
      const service = await (await import('./node/service.ts')).startService({ config, logger, audit })
      logger.info({ http: service.httpUrl }, 'tokenbus ready')
      return {
        async stop(signal) {
          logger.info({ signal }, 'stopping')
          await service.stop()
          logger.info('tokenbus stopped')
        },
      }
    }
    const { runDev } = await import('./cli/dev.ts')
    return await runDev({ config, logger, audit, out: write(stdout), colour, onBroken })
  } catch (error) {
    throw dataDirFailure(error, dataDir) ?? error
  }
}

async function live(mode: 'dev' | 'serve'): Promise<ExitCode> {
  try {
    let broken: ((sentence: string) => void) | undefined
    const brokenOff = new Promise<{ sentence: string }>((resolve) => {
      broken = (sentence) => resolve({ sentence })
    })
    const running = await start(mode, (sentence) => broken?.(sentence))
    const outputClosed = unread.then(() => ({
      sentence: 'The output was closed (broken pipe); stopping.',
    }))
    const end = await Promise.race([interrupted, brokenOff, outputClosed])
    const signal = typeof end === 'string' ? end : undefined
    if (typeof end !== 'string') write(stderr)(end.sentence)
    await running.stop(signal)
    return signal === undefined ? 1 : 0
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    write(stderr)(error.message)
    return 1
  }
}

const terminal = {
  out: write(stdout),
  err: write(stderr),
  colour,
  env,
  stdin: readStdin,
  interrupted: Promise.race([interrupted.then(() => {}), unread]),
}
process.exit(await runCommand(process.argv.slice(2), { terminal, live }))
