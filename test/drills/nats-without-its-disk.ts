import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'nats'
import { startNats } from '../support/nats.ts'
import type { Drill } from './drill.ts'
import { setScene, usualNats } from './scene.ts'

async function messagesPerSubject(url: string, name: string): Promise<number> {
  const nats = await connect({ servers: url })
  const { streams } = await nats.jetstreamManager()
  const { config } = await streams.info(name)
  await nats.close()
  return config.max_msgs_per_subject
}

export const natsWithoutItsDisk: Drill = {
  name: 'NATS comes back without its disk',
  async run(say) {
    await using scene = await setScene({ say })
    const { operator } = scene
    const client = await connect({ servers: scene.nats.url })
    await (await client.jetstreamManager()).streams.update('TOKENBUS_HISTORY', { max_msgs_per_subject: 7 })
    await client.close()
    operator.did('NATS restarts with its disk; its history has the limits of its operator')
    await scene.replaceNats((port) =>
      startNats({ port, configText: usualNats, storeDir: join(scene.directory, 'nats') }),
    )
    await operator.sees(/the streams are usable again/)
    await operator.allIsWell()
    operator.did('NATS ends')
    await scene.replaceNats(async (port) => {
      await operator.sees(/\/readyz: 503 nats/)
      await rm(join(scene.directory, 'nats'), { recursive: true })
      operator.did('NATS starts without JetStream, by mistake')
      return startNats({ port })
    })
    await operator.sees(/token\.get: served/)
    await operator.sees(/log warn: Events stay in the outbox, tokens are served: .*runs without JetStream/)
    await scene.leaveEvent()
    await operator.sees(/\/readyz: 200/)
    await scene.replaceNats((port) => {
      operator.did('NATS starts anew, with JetStream on an empty disk')
      return startNats({ port, configText: usualNats })
    })
    await operator.sees(/log info: stream created/)
    await scene.leaveEvent()
    await operator.allIsWell()
    operator.doesNotSee(/events stay in the outbox: their stream/)
    if ((await messagesPerSubject(scene.nats.url, 'TOKENBUS_HISTORY')) !== 7)
      throw new Error("the operator's limits are gone")
  },
}
