import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'nats'
import { startNats } from '../support/nats.ts'
import type { Drill } from './drill.ts'
import { setScene } from './scene.ts'

const run = (program: string, ...args: string[]) => spawnSync(program, args).status === 0

/** The streams' limits: they reject what does not fit, and accept it again once there is room. */
export const natsStoreFull: Drill = {
  name: "NATS' streams are full",
  async run(say) {
    await using scene = await setScene({ say })
    const { operator } = scene
    const client = await connect({ servers: scene.nats.url })
    const { streams } = await client.jetstreamManager()
    operator.did('the history may hold one more byte, and refuses what is more')
    const { state } = await streams.info('TOKENBUS_HISTORY')
    await streams.update('TOKENBUS_HISTORY', { discard: 'new' as never, max_bytes: state.bytes + 1 })
    for (let i = 0; i < 20; i++) await scene.leaveEvent()
    await operator.sees(
      /log warn: events stay in the outbox: their stream does not accept them \(maximum bytes exceeded\)/,
    )
    await operator.sees(/\/healthz\/events: (ok|behind) maximum bytes exceeded/)
    operator.doesNotSee(/\/readyz: 503|token\.get: (?!served)/)
    operator.did('the history is given room')
    await streams.update('TOKENBUS_HISTORY', { max_bytes: 1024 ** 3 })
    await operator.allIsWell()
    await client.close()
  },
}

/** After a write that failed for lack of space nats-server may disable JetStream until it is restarted. */
export const natsDiskFull: Drill = {
  name: "NATS' disk is full",
  async run(say) {
    const disk = await mkdtemp(join(tmpdir(), 'tokenbus-disk-'))
    if (!run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'none', disk))
      return say('  skipped: a small disk can be mounted by root alone')
    try {
      const natsConfig = 'jetstream { max_file_store: 20GB }'
      await using scene = await setScene({ say, natsConfig, natsStore: disk })
      const { operator } = scene
      operator.did('something else fills the disk')
      await writeFile(join(disk, 'filler'), Buffer.alloc(4_000_000)).catch(() => undefined)
      for (let i = 0; i < 20; i++) await scene.leaveEvent()
      await operator.sees(/log warn: (events|Events) stay in the outbox/)
      operator.doesNotSee(/\/readyz: 503|token\.get: (?!served)/)
      operator.did('room is made on the disk, and NATS started again')
      await rm(join(disk, 'filler'))
      await scene.replaceNats((port) => startNats({ port, configText: natsConfig, storeDir: disk }))
      await operator.allIsWell()
    } finally {
      run('umount', '-l', disk)
      await rm(disk, { recursive: true, force: true })
    }
  },
}
