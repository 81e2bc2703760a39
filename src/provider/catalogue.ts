import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseJson } from '../common/parse-json.ts'
import { StartError } from '../common/start-error.ts'
import { providerSchema } from '../contract/app.ts'
import { type CatalogueEntry, catalogueEntrySchema } from './catalogue-entry.ts'

/** The provider catalogue, by the name used in `app.put`. */
export type Catalogue = ReadonlyMap<string, CatalogueEntry>

const bundled = fileURLToPath(new URL('./catalogue/', import.meta.url))

/** The built-in providers. */
export const builtIn: Catalogue = readEntries(bundled)

/** The built-in providers and the operator's own. Throws `StartError` naming the file, the field and the rule. */
export function openCatalogue(directory?: string): Catalogue {
  if (directory === undefined) return builtIn
  const own = readEntries(directory)
  const shadow = [...own.keys()].find((name) => builtIn.has(name))
  if (shadow !== undefined)
    throw new StartError(
      `${join(directory, `${shadow}.json`)}: tokenbus brings a provider ${shadow}; give the file another name.`,
    )
  return new Map([...builtIn, ...own])
}

function readEntries(directory: string): Catalogue {
  const files = listed(directory).filter((file) => extname(file) === '.json')
  return new Map(files.sort().map((file) => [basename(file, '.json'), readEntry(join(directory, file))]))
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (cause) {
    throw new StartError(`TOKENBUS_CATALOGUE_DIR: ${directory} cannot be read.`, { cause })
  }
}

function readEntry(path: string): CatalogueEntry {
  const wrong = (violation: string) => new StartError(`${path}: ${violation}.`)
  const name = providerSchema.safeParse(basename(path, '.json'))
  if (!name.success) throw wrong(`the name of the file ${name.error.issues[0]?.message}`)
  const parsed = catalogueEntrySchema.safeParse(parseJson(readFileSync(path, 'utf8')))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw wrong(`${issue?.path.join('.') || 'the file'}: ${issue?.message}`)
}
