import { Secret } from '../../src/common/secret.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { refused, type TokenAnswer } from '../../src/provider/token-answer.ts'
import { createGrants, type Grant } from './grants.ts'
import type { Machine } from './machine.ts'
import type { Random } from './random.ts'
import { refusals } from './refusals.ts'
import type { World } from './world.ts'

type Asked = Parameters<Provider['refreshToken']>[0]

/** One request that used a refresh token, and the fate of its response. */
export interface Spending {
  readonly grant: Grant
  readonly number: number
  readonly sentAt: number
  readonly machine: Machine
  readonly life: number
  readonly clientId: string
  carriedOut: boolean
  /** When the sender knew: with tokens, with a refusal, or not at all. */
  heard: 'tokens' | 'refusal' | null
  heardAt: number
}

export interface Mood {
  reaches: 'answers' | 'refuses connections' | 'says 503' | 'says 429'
  losesRequests: number
  losesAnswers: number
  /** Milliseconds. */
  slowest: number
}

export const calm: Readonly<Mood> = { reaches: 'answers', losesRequests: 0, losesAnswers: 0, slowest: 400 }

/** `unknown`: nobody has registered it. `foreign`: it belongs to another app, which holds none of the grants. */
export type OtherClient = 'unknown' | 'foreign'

export type SimulatedProvider = ReturnType<typeof createSimulatedProvider>

/** A token endpoint that records its grants, whatever happens to its responses. */
export function createSimulatedProvider({
  world,
  random,
  lives,
}: {
  world: World
  random: Random
  lives: readonly number[]
}) {
  const grants = createGrants()
  const access = new Map<string, { grant: Grant; expiresAt: number }>()
  const spendings: Spending[] = []
  const senders: ((spending: Spending) => void)[] = []
  const mood: Mood = { ...calm }
  const secrets = new Set(['secret-0'])
  /**
   * Requests with a made-up token. `blind`: it looks at the token before it looks at the secret. `inverted`: of a made-up
   * token it says what others say of a wrong secret, and the other way round. `silent`: it answers none of them.
   */
  const controls = { blind: false, inverted: false, silent: false, sent: [] as number[] }
  /** Client ids other than the one that all grants were given to. */
  const otherClients = new Map<string, OtherClient>()
  /** How a wrong secret is answered, and a token that was never given. */
  const dialect = {
    wrongSecret: refused(refusals.invalidClient) as TokenAnswer,
    unknownToken: refused(refusals.invalidGrant) as TokenAnswer,
  }
  /** Ended grants, with the error for a grant that worked before, and for one that never did. */
  const strange = new Map<string, TokenAnswer | ((workedBefore: boolean) => TokenAnswer)>()

  function issue(grant: Grant): { accessToken: Secret; life: number; told: boolean } {
    const life = random.pick(lives)
    const name = `at/${grant.id}/${access.size}`
    access.set(name, { grant, expiresAt: world.now() + life })
    // Some responses have no lifetime; it is then an hour, as usual.
    const told = life !== 3_600_000 || random.chance(0.5)
    return { accessToken: new Secret(name), life, told }
  }

  function isClient({ clientSecret, config: { clientId } }: Asked): boolean {
    return (
      clientSecret !== undefined &&
      secrets.has(clientSecret.reveal()) &&
      otherClients.get(clientId) !== 'unknown'
    )
  }

  /** At the provider: the moment that counts. */
  function carryOut(spending: Spending, token: string, asked: Asked): TokenAnswer {
    if (mood.reaches === 'says 503') return refused(refusals.unavailable)
    if (mood.reaches === 'says 429') return refused(refusals.throttled)
    if (!isClient(asked)) return dialect.wrongSecret
    if (otherClients.has(asked.config.clientId)) return refused(refusals.invalidGrant)
    const ended = strange.get(spending.grant.id)
    if (ended !== undefined) return typeof ended === 'function' ? ended(asked.workedBefore === true) : ended
    spending.carriedOut = true
    const number = grants.spend(token, world.now())
    if (number === undefined) return refused(refusals.invalidGrant)
    const { grant } = spending
    const { accessToken, life, told } = issue(grant)
    const rotated = grants.nameOf(grant, number)
    return {
      kind: 'tokens',
      accessToken,
      ...(rotated !== token && { refreshToken: new Secret(rotated) }),
      ...(told && { expiresIn: life / 1_000 }),
    }
  }

  /** To a token that was never given. */
  function answerControl(asked: Asked): TokenAnswer {
    if (mood.reaches === 'says 503' || controls.silent) return refused(refusals.unavailable)
    if (mood.reaches === 'says 429') return refused(refusals.throttled)
    const isAccepted = controls.blind || isClient(asked)
    return isAccepted !== controls.inverted ? dialect.unknownToken : dialect.wrongSecret
  }

  function refreshTokenFrom(machine: Machine): Provider['refreshToken'] {
    return (asked: Asked) => {
      const { refreshToken, timing } = asked
      const token = refreshToken?.reveal() ?? ''
      const life = machine.life()
      const began = world.now()
      return new Promise((resolve) => {
        const connecting = random.between(5, mood.slowest / 4)
        if (mood.reaches === 'refuses connections')
          return void machine.later(3, () => resolve(refused(refusals.unsent)))
        if (connecting > timing.connectMs)
          return void machine.later(timing.connectMs, () => resolve(refused(refusals.unsent)))
        machine.later(connecting, () => {
          // The machine may have stood still in between.
          if (world.now() - began > timing.connectMs || timing.stillWanted?.() === false)
            return resolve(refused(refusals.unsent))
          const { grant, number } = grants.find(token)
          if (grant === undefined) {
            controls.sent.push(world.now())
            const answer = answerControl(asked)
            return void machine.later(random.between(5, mood.slowest), () => resolve(answer))
          }
          const spending: Spending = {
            grant,
            number,
            sentAt: world.now(),
            machine,
            life,
            clientId: asked.config.clientId,
            carriedOut: false,
            heard: null,
            heardAt: 0,
          }
          spendings.push(spending)
          for (const sender of senders) sender(spending)
          let waits = true
          machine.later(timing.answerMs - connecting, () => {
            waits = false
            resolve(refused(refusals.lost))
          })
          if (random.chance(mood.losesRequests)) return
          world.after(random.between(5, mood.slowest), () => {
            const answer = carryOut(spending, token, asked)
            if (random.chance(mood.losesAnswers)) return
            world.after(random.between(5, mood.slowest), () => {
              if (machine.life() !== life) return
              machine.now(() => {
                if (!waits) return
                spending.heard = answer.kind === 'tokens' ? 'tokens' : 'refusal'
                spending.heardAt = world.now()
                resolve(answer)
              })
            })
          })
        })
      })
    }
  }

  return {
    grants,
    issue,
    accessToken: (name: string) => access.get(name),
    spendings,
    onSend: (sender: (spending: Spending) => void) => senders.push(sender),
    mood,
    secrets,
    otherClients,
    controls,
    dialect,
    strange,
    refreshTokenFrom,
  }
}
