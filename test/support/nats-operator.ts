import { createHash } from 'node:crypto'
import { nkeys } from 'nats'

interface Pair {
  getPublicKey(): string
  getSeed(): Uint8Array
  sign(bytes: Uint8Array): Uint8Array
}

const unlimited = { subs: -1, data: -1, payload: -1 }
const accountLimits = {
  ...unlimited,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
}

export interface Permissions {
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
}

/** An operator with one account, JetStream included: the server's configuration, and credentials of its users. */
export function createNatsOperator() {
  const operator = nkeys.createOperator() as Pair
  const [account, system] = [nkeys.createAccount(), nkeys.createAccount()] as [Pair, Pair]
  const id = (pair: Pair) => pair.getPublicKey()
  const operatorJwt = claim(operator, {
    sub: operator,
    name: 'operator',
    nats: { type: 'operator', system_account: id(system) },
  })
  const accountJwt = (sub: Pair, limits: object) =>
    claim(operator, { sub, name: 'account', nats: { type: 'account', limits } })
  return {
    config: `
      jetstream { max_file_store: 20GB }
      operator: ${operatorJwt}
      resolver: MEMORY
      resolver_preload: {
        ${id(account)}: ${accountJwt(account, accountLimits)}
        ${id(system)}: ${accountJwt(system, { ...accountLimits, mem_storage: 0, disk_storage: 0 })}
      }`,
    /** The text of a credentials file. */
    creds(name: string, { publish, subscribe }: Permissions): string {
      const user = nkeys.createUser() as Pair
      const nats = {
        type: 'user',
        ...unlimited,
        pub: { allow: publish },
        sub: { allow: subscribe },
        resp: { max: 1, ttl: 0 },
      }
      return [
        '-----BEGIN NATS USER JWT-----',
        claim(account, { sub: user, name, nats }),
        '------END NATS USER JWT------',
        '-----BEGIN USER NKEY SEED-----',
        Buffer.from(user.getSeed()).toString(),
        '------END USER NKEY SEED------',
        '',
      ].join('\n')
    },
  }
}

/** A JWT as NATS signs them (nats-io/jwt, version 2). */
function claim(issuer: Pair, { sub, name, nats }: { sub: Pair; name: string; nats: object }): string {
  const body = {
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    sub: sub.getPublicKey(),
    name,
    nats: { ...nats, version: 2 },
  }
  const jti = createHash('sha256').update(JSON.stringify(body)).digest('base64url')
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ ...body, jti })}`
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`
}
