import { Redis } from 'ioredis'
import { type Cluster, startCluster } from '../support/cluster.ts'
import type { Reply } from '../support/nodes.ts'
import type { TokenbusProcess } from '../support/tokenbus-process.ts'

export interface HttpReply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for.
  readonly body: any
}

export interface HttpCluster extends Cluster {
  readonly url: string
  readonly node: TokenbusProcess
  readonly adminToken: string
  readonly redis: Redis
  /** By default with the admin's API token; `body` is sent as JSON, `text` unchanged. */
  ask(
    method: string,
    path: string,
    options?: {
      token?: string | null
      headers?: Record<string, string>
      body?: unknown
      text?: string
      url?: string
    },
  ): Promise<HttpReply>
  createApiToken(wish: object): Promise<Reply>
}

/** A cluster with one node, asked over HTTP. */
export async function startHttpCluster(env: Record<string, string> = {}): Promise<HttpCluster> {
  const cluster = await startCluster()
  const node = await cluster.startNode(env)
  const url = node.httpUrl()
  const redis = new Redis(cluster.redisServer.url)
  const createApiToken = (wish: object) => cluster.request('api-token.create', { name: 'test', ...wish })
  const { token: adminToken } = await createApiToken({ scopes: ['admin'] })
  return {
    ...cluster,
    url,
    node,
    adminToken,
    redis,
    createApiToken,
    async ask(method, path, { token = adminToken, headers, body, text: raw, url: base = url } = {}) {
      const sent = body === undefined ? raw : JSON.stringify(body)
      const reply = await fetch(base + path, {
        method,
        headers: {
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(sent !== undefined && { body: sent }),
      })
      const text = await reply.text()
      const isJson = text !== '' && reply.headers.get('content-type')?.startsWith('application/json')
      return { status: reply.status, headers: reply.headers, body: isJson ? JSON.parse(text) : text }
    },
    async [Symbol.asyncDispose]() {
      redis.disconnect()
      await cluster[Symbol.asyncDispose]()
    },
  }
}
