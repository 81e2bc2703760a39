import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { packageFile } from '../common/package-file.ts'
import { answeredWords } from '../contract/failure-words.ts'
import { explainReason, reasons } from '../contract/reasons.ts'
import { facts, table } from './terminal.ts'
import type { RunAlone } from './tools.ts'

interface Explained {
  readonly word?: { readonly status: number; readonly means: string; readonly action: string }
  readonly reason?: NonNullable<ReturnType<typeof explainReason>>
}

/** `explain`: the error catalogue, offline. */
export function explainCommand(program: Command, runAlone: RunAlone): void {
  program
    .command('explain [word]')
    .description('the meaning of an error code or a reason, and what to do; without an argument: all of them')
    .action(
      runAlone(async ({ terminal, colours, print }, word?: string) => {
        if (word === undefined) {
          print({ failures: answeredWords, reasons }, () => [
            ...list('FAILURE', answeredWords),
            ...list('REASON', reasons),
          ])
          return 0
        }
        const found = lookUp(word)
        if (found.word === undefined && found.reason === undefined) {
          terminal.err(`${word}: no such error code or reason; tokenbus explain lists them`)
          return 1
        }
        print(found, () =>
          [
            found.word &&
              facts(
                {
                  failure: word,
                  number: found.word.status,
                  means: found.word.means,
                  'to do': found.word.action,
                  see: placeOnPage(word),
                },
                colours,
              ),
            found.reason &&
              facts(
                {
                  reason: word,
                  means: found.reason.means,
                  'to do': found.reason.action,
                  or: found.reason.more && Object.values(found.reason.more).join(' · '),
                  see: placeOnPage(`reason-${word}`),
                },
                colours,
              ),
          ].flatMap((lines) => lines ?? []),
        )
        return 0
      }),
    )
}

/** `<path>:<line>` of an entry of the page that comes with the package, as editors and terminals open it. */
function placeOnPage(anchor: string): string | undefined {
  const path = fileURLToPath(packageFile('docs/errors.md'))
  if (!existsSync(path)) return undefined
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .findIndex((each) => each.includes(`<a id="${anchor}">`))
  return `${path}:${line + 1}`
}

function lookUp(word: string): Explained {
  const reason = explainReason(word)
  const known = Object.hasOwn(answeredWords, word)
    ? answeredWords[word as keyof typeof answeredWords]
    : undefined
  return { ...(known && { word: known }), ...(reason && { reason }) }
}

function list(title: string, entries: Readonly<Record<string, { readonly means: string }>>): string[] {
  return table([[title, 'MEANS'], ...Object.entries(entries).map(([name, { means }]) => [name, means])])
}
