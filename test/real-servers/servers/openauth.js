import { issuer } from '@openauthjs/openauth'
import { MemoryStorage } from '@openauthjs/openauth/storage/memory'
import { createSubjects } from '@openauthjs/openauth/subject'
import { listen } from './listen.js'

const anything = { '~standard': { version: 1, vendor: 'tokenbus', validate: (value) => ({ value }) } }

/** OpenAuth: it knows clients by their id alone; whoever comes is alice. */
export async function start() {
  const storage = MemoryStorage()
  // It logs each request.
  const { log } = console
  console.log = () => {}
  const app = issuer({
    storage,
    subjects: createSubjects({ user: anything }),
    ttl: { access: 3_600 },
    allow: async () => true,
    providers: {
      alice: {
        type: 'alice',
        init: (routes, context) =>
          routes.get('/authorize', (asked) => context.success(asked, { id: 'alice' })),
      },
    },
    success: (context, { id }) => context.subject('user', { id }),
  })
  const { url, close } = await listen(() => (request) => app.fetch(request))
  return {
    authorizeUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
    issuer: url,
    async revoke() {
      const keys = []
      for await (const [key] of storage.scan(['oauth:refresh'])) keys.push(key)
      for (const key of keys) await storage.remove(key)
    },
    close() {
      console.log = log
      close()
    },
  }
}
