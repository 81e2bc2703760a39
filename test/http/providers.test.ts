import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtIn } from '../../src/provider/catalogue.ts'
import { settingsOf } from '../../src/provider/explain-provider.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster()
})
afterAll(() => http[Symbol.asyncDispose]())

const settingsNamed = async (provider: string) => {
  const { body } = await http.ask('GET', `/v1/providers/${provider}`)
  return new Map<string, Record<string, unknown>>(
    body.settings.map((each: { name: string }) => [each.name, each]),
  )
}

describe('the catalogue over HTTP', () => {
  it('lists every provider', async () => {
    const { status, body } = await http.ask('GET', '/v1/providers')
    expect(status).toBe(200)
    expect(body.providers.map(({ provider }: { provider: string }) => provider)).toEqual([...builtIn.keys()])
    expect(body.providers).toContainEqual({
      provider: 'google',
      displayName: 'Google',
      category: 'identity',
      grant: 'authorization_code',
    })
  })

  it('describes the registration at a provider, with the redirect URL', async () => {
    const { body } = await http.ask('GET', '/v1/providers/google')
    expect(body).toMatchObject({
      redirectUrl: `${http.url}/oauth`,
      setup: { redirectUrlName: 'Authorized redirect URIs', testing: expect.stringContaining('7 days') },
    })
  })

  it('describes the settings of a provider, and no others', async () => {
    const google = await settingsNamed('google')
    expect(google.get('clientId')).toMatchObject({ required: true, usual: true, secret: false })
    expect(google.get('clientSecret')).toMatchObject({ secret: true })
    expect(google.get('rotation')).toMatchObject({
      default: 'none',
      schema: { enum: ['none', 'keeps-old', 'grace', 'until-used', 'strict'] },
    })
    expect([...google.keys()]).not.toContain('tenant')
    const outlook = await settingsNamed('outlook')
    expect([...outlook.keys()]).toEqual(expect.arrayContaining(['tenant', 'cloud']))
    const service = await settingsNamed('gmailService')
    expect(service.get('serviceKey')).toMatchObject({ required: true })
    expect([...service.keys()]).not.toContain('clientSecret')
    expect([...service.keys()]).not.toContain('rotation')
  })

  it.each([...builtIn])('describes every setting of %s', (_, entry) => {
    for (const { name, description } of settingsOf(entry)) expect(description, name).not.toBe('')
  })

  it('is 404 for an unknown provider', async () => {
    expect((await http.ask('GET', '/v1/providers/nobody')).status).toBe(404)
  })

  it('offers no setting that is invalid for the provider', async () => {
    const samples: Record<string, unknown> = { tenant: 'organizations', cloud: 'global', testing: true }
    for (const provider of ['google', 'outlook', 'gmail']) {
      const settings = [...(await settingsNamed(provider)).keys()]
      const said = Object.fromEntries(Object.entries(samples).filter(([name]) => settings.includes(name)))
      const { status } = await http.ask('POST', '/v1/oauth2', {
        body: { provider, clientId: 'c', clientSecret: 's', ...said },
      })
      expect(status).toBe(200)
    }
  })
})
