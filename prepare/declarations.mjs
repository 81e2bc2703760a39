import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const relativeImport = /((?:from|import\()\s*)(['"])(\.{1,2}\/[^'"]*)\.ts\2/g

/**
 * The compiler rewrites `./x.ts` in what runs, and leaves it in declarations, where some tools find no file of that name:
 * they become `./x.js` there too.
 */
export function rewriteDeclarations(folder) {
  if (!existsSync(folder)) return
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    const rewritten = text.replace(relativeImport, '$1$2$3.js$2')
    if (rewritten !== text) writeFileSync(path, rewritten)
  }
}
