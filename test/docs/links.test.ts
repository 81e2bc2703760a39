import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localLinks, type Page, pageAt, pages, rootFile } from '../support/documents.ts'

describe.each(pages)('$path', (page) => {
  it('has no link to a missing file or heading', () => {
    expect(localLinks(page).filter((link) => !leadsSomewhere(page, link))).toEqual([])
  })
})

describe('README.md', () => {
  const readme = pageAt('README.md')

  it('is at most 150 lines long', () => {
    expect(readme.text.trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  })

  it('links to every page of docs/', () => {
    const linked = new Set(localLinks(readme).map((link) => link.split('#')[0]))
    const listed = pages.filter(({ path }) => path.startsWith('docs/') && !path.includes('/decisions/'))
    expect(listed.filter(({ path }) => !linked.has(path)).map(({ path }) => path)).toEqual([])
  })
})

function leadsSomewhere(from: Page, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const path = file === '' ? from.path : join(dirname(from.path), file)
  if (!existsSync(rootFile(path))) return false
  return anchor === undefined || pageAt(path).anchors.has(anchor)
}
