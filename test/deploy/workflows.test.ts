import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'

const folder = new URL('../../.github/workflows/', import.meta.url)

it.each(readdirSync(folder))('%s pins every action to a commit, and has read permissions only', (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const actions = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action)
  expect(actions.length).toBeGreaterThan(0)
  for (const action of actions) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  expect(parse(text).permissions).toEqual({ contents: 'read' })
})

it('the update bot pins images to their digest, and proposes newer ones', () => {
  const { extends: presets } = JSON.parse(
    readFileSync(new URL('../../renovate.json', import.meta.url), 'utf8'),
  )
  expect(presets).toEqual(expect.arrayContaining(['docker:pinDigests', 'helpers:pinGitHubActionDigests']))
})
