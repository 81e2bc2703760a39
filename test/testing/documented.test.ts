import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const root = new URL('../../', import.meta.url)
const document = await readFile(new URL('docs/testing.md', root), 'utf8')
const examples = [...document.matchAll(/^## (.+)$[\s\S]*?^```js\n([\s\S]*?)^```$/gm)].map(
  ([, title, code]) => ({
    title,
    code,
  }),
)

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-examples-'))
  const transitions = JSON.parse(await readFile(new URL('test/fixtures/history-schema-1.json', root), 'utf8'))
  await writeFile(join(directory, 'history.json'), JSON.stringify({ account: 'alice', transitions }))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

it('the document has three complete examples', () => {
  expect(examples).toHaveLength(3)
})

it.each(examples)('$title: the documented example passes unchanged', async ({ code }) => {
  const env = { ...process.env, HISTORY: join(directory, 'history.json'), NODE_TEST_CONTEXT: undefined }
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code as string], {
    cwd: root,
    env,
  })
  expect(stdout).toMatch(/^(?:#|ℹ) pass [23]$/m)
})
