import { afterAll, beforeAll, expect } from 'vitest'
import { type GoogleStandIn, startGoogle } from '../support/stand-ins/google.ts'
import { type MicrosoftStandIn, startMicrosoft } from '../support/stand-ins/microsoft.ts'
import { type ConsentScene, startConsentScene } from './consent-scene.ts'

export const alice = 'alice@example.com'
export const bob = 'bob@example.com'

type StandIn = Pick<GoogleStandIn, 'client' | 'authorizeUrl' | 'tokenUrl'>

export interface IdentityScene {
  scene(): ConsentScene
  google(): GoogleStandIn
  microsoft(): MicrosoftStandIn
  putApp(app: string, settings: object, standIn: StandIn): Promise<void>
  account(id: string): ReturnType<ConsentScene['cluster']['request']>
  /** The user of the token that a reader gets now, which the stand-in's tokens name. */
  reader(id: string): Promise<string>
}

/** A node, Google and Microsoft for the tests of one file, with the apps `google` and `outlook`. */
export function useIdentityScene(): IdentityScene {
  let scene: ConsentScene
  let google: GoogleStandIn
  let microsoft: MicrosoftStandIn

  async function putApp(app: string, settings: object, { client, authorizeUrl, tokenUrl }: StandIn) {
    const put = { authorizeUrl, tokenUrl, clientId: client.id, clientSecret: client.secret, ...settings }
    expect(await scene.cluster.request(`app.put.${app}`, put)).toMatchObject({ app })
  }

  beforeAll(async () => {
    google = await startGoogle()
    microsoft = await startMicrosoft()
    scene = await startConsentScene()
    await putApp('google', { provider: 'gmail', issuer: 'https://accounts.google.com' }, google)
    await putApp('outlook', { provider: 'outlook' }, microsoft)
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    await google[Symbol.asyncDispose]()
    await microsoft[Symbol.asyncDispose]()
  })

  return {
    scene: () => scene,
    google: () => google,
    microsoft: () => microsoft,
    putApp,
    account: (id) => scene.cluster.request(`account.get.${id}`),
    async reader(id) {
      const { accessToken } = await scene.cluster.request(`token.get.${id}`, {})
      return JSON.parse(Buffer.from(accessToken.split('.')[1], 'base64url').toString()).user
    },
  }
}
