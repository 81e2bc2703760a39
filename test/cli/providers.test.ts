import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withProvidersTable } from '../support/providers-table.ts'
import { runTokenbus } from './run-command.ts'

describe('tokenbus providers', () => {
  it('lists the catalogue', async () => {
    const { code, out } = await runTokenbus(['providers'])
    expect(code).toBe(0)
    expect(out).toMatch(/^slack +Slack, bot +communication +authorization_code$/m)
  })

  it('shows one provider: what to register, its defaults and their sources', async () => {
    const { code, out } = await runTokenbus(['providers', 'slack'])
    expect(code).toBe(0)
    expect(out).toContain('register     https://api.slack.com/apps')
    expect(out).toContain('callback     <TOKENBUS_PUBLIC_URL>/oauth, as Redirect URLs')
    expect(out).toMatch(/pkce +false/)
    expect(out).toContain(
      'https://docs.slack.dev/authentication/using-token-rotation  refreshToken, rotation',
    )
  })

  it('prints JSON with --json', async () => {
    const { out } = await runTokenbus(['--json', 'providers', 'slack'])
    expect(JSON.parse(out)).toMatchObject({ displayName: 'Slack, bot', settings: { pkce: false } })
  })

  it('suggests similar names for an unknown one', async () => {
    const { code, err } = await runTokenbus(['providers', 'slak'])
    expect({ code, err }).toEqual({
      code: 1,
      err: 'there is no provider slak in the catalogue; similar: slack, slackUser',
    })
  })

  it('shows an operator’s own entries, or what is wrong with them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tokenbus-catalogue-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const env = { TOKENBUS_CATALOGUE_DIR: folder }
    const own = { displayName: 'Acme', category: 'crm', settings: {}, sources: {}, setup: {} }
    await writeFile(join(folder, 'acme.json'), JSON.stringify(own))
    expect((await runTokenbus(['providers', 'acme'], { env })).out).toContain('Acme')
    await writeFile(join(folder, 'acme.json'), JSON.stringify({ ...own, category: 'x' }))
    const wrong = await runTokenbus(['providers'], { env })
    expect(wrong).toMatchObject({ code: 3, err: expect.stringMatching(/acme\.json: category: /) })
  })
})

it('the table in docs/providers.md is up to date (npm run providers-table)', async () => {
  const page = await readFile(new URL('../../docs/providers.md', import.meta.url), 'utf8')
  expect(page).toBe(withProvidersTable(page))
})
