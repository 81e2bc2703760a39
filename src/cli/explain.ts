import type { Command } from 'commander'
import { answeredWords } from '../contract/failure-words.ts'
import { explainReason, reasons } from '../contract/reasons.ts'
import { facts, table } from './terminal.ts'
import type { RunAlone } from './tools.ts'

interface Explained {
  readonly word?: { readonly status: number; readonly means: string; readonly action: string }
  readonly reason?: { readonly means: string; readonly action: string }
}

/** `explain`: the error catalogue, without asking anybody. */
export function explainCommand(program: Command, runAlone: RunAlone): void {
  program
    .command('explain [word]')
    .description(
      'what a failure or the reason of one means, and what to do about it; without a word: all of them',
    )
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
          terminal.err(`there is no failure and no reason ${word}; tokenbus explain lists them`)
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
                  see: `docs/errors.md#${word}`,
                },
                colours,
              ),
            found.reason &&
              facts(
                {
                  reason: word,
                  means: found.reason.means,
                  'to do': found.reason.action,
                  see: `docs/errors.md#reason-${word}`,
                },
                colours,
              ),
          ].flatMap((lines) => lines ?? []),
        )
        return 0
      }),
    )
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
