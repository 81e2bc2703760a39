import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../prepare.mjs', import.meta.url))

function prepare(env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
  return { status, output: `${stdout}${stderr}` }
}

describe('preparing', () => {
  it('with everything there is silent', () => expect(prepare()).toEqual({ status: 0, output: '' }))

  it('names a server that was pointed to and is not there', () => {
    expect(prepare({ NATS_SERVER: '/nowhere/nats-server' })).toEqual({
      status: 1,
      output:
        'NATS_SERVER names /nowhere/nats-server, which is not there; correct or unset it (nats-server).\n',
    })
  })

  it('names a server that does not run', () => {
    const broken = prepare({ REDIS_SERVER: '/bin/false' })
    expect(broken.status).toBe(1)
    expect(broken.output).toMatch(
      /^\/bin\/false is there but does not run \(redis-server --version fails\); reinstall it\.\n$/,
    )
  })
})
