import { z } from 'zod'
import { type Colours, coloursOf, paintState, shown } from './terminal.ts'

const transitionSchema = z.object({
  account: z.string(),
  time: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  event: z.looseObject({ type: z.string() }).optional(),
  wakeAt: z.number().nullable(),
  at: z.number(),
  snapshot: z.object({ context: z.looseObject({ generation: z.number() }) }).optional(),
  truncated: z.literal(true).optional(),
})

const nowhere = '–'
const pad = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - text.length))

/** A transition as one line of text. */
export function transitionLine(body: unknown, { colour }: { colour: boolean }): string {
  const { account, time, from, to, event, wakeAt, at, snapshot, truncated } = transitionSchema.parse(
    shown(body),
  )
  const colours = coloursOf(colour)
  const painted = (state: string | null, width = 0) =>
    paintState(state ?? nowhere, colours) + ' '.repeat(Math.max(0, width - (state ?? nowhere).length))
  const next = wakeAt === null ? '' : `next ${inWords(wakeAt - at)}`
  const details = [
    snapshot === undefined ? '' : `generation ${snapshot.context.generation}`,
    ...(event === undefined ? [] : why(event)),
    next,
    truncated ? 'truncated' : '',
  ].filter((part) => part !== '')
  return [
    colours.dim(new Date(time).toTimeString().slice(0, 8)),
    colours.bold(pad(account, 12)),
    `${painted(from, 14)} → ${painted(to, 14)}`,
    pad(event?.type ?? nowhere, 18),
    colours.dim(details.join(', ')),
  ].join('  ')
}

function why(event: Readonly<Record<string, unknown>>): string[] {
  return typeof event.reason === 'string' ? [event.reason] : []
}

function inWords(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1_000)
  if (seconds < 1) return 'now'
  if (seconds < 120) return `in ${Math.round(seconds)} s`
  if (seconds < 7_200) return `in ${Math.round(seconds / 60)} min`
  return `in ${Math.round(seconds / 3_600)} h`
}

/** Any other event as one line of text. */
export function eventLine(body: Readonly<Record<string, unknown>>, { colour }: { colour: boolean }): string {
  const colours: Colours = coloursOf(colour)
  const { type, time, account, app, state, previousState, reason, action, generation } = shown(body)
  const edge =
    state === undefined
      ? ''
      : `${paintState(String(previousState ?? nowhere), colours)} → ${paintState(String(state), colours)}`
  const details = [generation === undefined ? '' : `generation ${generation}`, reason, action].filter(Boolean)
  return [
    colours.dim(new Date(String(time)).toTimeString().slice(0, 8)),
    colours.bold(pad(String(account ?? app), 12)),
    pad(String(type), 20),
    edge,
    colours.dim(details.join(', ')),
  ]
    .filter((part) => part !== '')
    .join('  ')
}
