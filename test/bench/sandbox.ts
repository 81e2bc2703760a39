import { startSandbox } from '../../src/sandbox/server.ts'

/** The sandbox in a process of its own, without a file to keep its records in. */
const { url, client } = await startSandbox({ port: 0, accessTokenSeconds: 3_600 })
process.on('message', () => process.send?.({ url, id: client.id, secret: client.secret.reveal() }))
process.send?.('ready')
