import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const fence = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm
const withoutCode = (text: string) => text.replace(fence, (block) => block.replace(/[^\n]/g, ' '))
const root = new URL('../../', import.meta.url)

export const rootFile = (path: string) => fileURLToPath(new URL(path, root))

export interface Page {
  /** From the repository's root. */
  readonly path: string
  readonly text: string
  /** What a link may name after `#`, as GitHub makes it of the headings. */
  readonly anchors: ReadonlySet<string>
}

export interface Block {
  /** Page, anchor of the heading above it, and which block below that heading: `docs/client.md#examples 1`. */
  readonly name: string
  readonly language: string
  readonly code: string
}

const besideDocs = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'src/client/README.md']

/** README, CONTRIBUTING, SECURITY and everything written below docs/. */
export const pages: readonly Page[] = [
  ...besideDocs,
  ...readdirSync(rootFile('docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !/^(node_modules|api)\//.test(file))
    .map((file) => `docs/${file}`)
    .sort(),
].map((path) => {
  const text = readFileSync(rootFile(path), 'utf8')
  return { path, text, anchors: anchorsOf(text) }
})

export function pageAt(path: string): Page {
  const page = pages.find((each) => each.path === path)
  if (page === undefined) throw new Error(`there is no page ${path}`)
  return page
}

function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#+ (.+)$/gm)) {
    const slug = slugOf(heading)
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  for (const [, id = ''] of text.matchAll(/<a id="([^"]+)">/g)) anchors.add(id)
  return anchors
}

export function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}

export function blocksOf({ path, text }: Page): Block[] {
  const seen = new Map<string, number>()
  return [...text.matchAll(fence)].map(({ 1: indent = '', 2: language = '', 3: code = '', index }) => {
    const above = [...withoutCode(text.slice(0, index)).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? ''
    const heading = `${path}#${slugOf(above)}`
    const count = (seen.get(heading) ?? 0) + 1
    seen.set(heading, count)
    return {
      name: `${heading} ${count}`,
      language,
      code: code.replaceAll(`\n${indent}`, '\n').slice(indent.length),
    }
  })
}

export const blocks: readonly Block[] = pages.flatMap(blocksOf)

export function blockNamed(name: string): Block {
  const block = blocks.find((each) => each.name === name)
  if (block === undefined) throw new Error(`there is no block ${name}`)
  return block
}

/** The links of a page that stay in this repository. */
export function localLinks({ text }: Page): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
}
