import { millis, RetentionPolicy, type StreamConfig } from 'nats'
import { requestRoutes } from '../bus/request-routes.ts'
import { type StreamName, streamSubjects } from '../bus/subjects.ts'
import { StartError } from '../common/start-error.ts'

/** Checks the settings that correctness depends on: subjects, acks, retention and duplicate window. Throws `StartError`. */
export function verifyStream({
  name,
  config,
  duplicateWindow,
}: {
  name: StreamName
  config: StreamConfig
  /** The shortest allowed, in milliseconds. */
  duplicateWindow: number
}): void {
  const refuse = (why: string) => new StartError(`The stream ${name} cannot be used: ${why}.`)

  const captured = capturedRequest(config)
  if (captured !== undefined) throw refuse(`its subjects capture the request ${captured}`)

  const missing = missingSubjects(name, config)
  if (missing.length > 0) throw refuse(`its subjects lack ${missing.join(', ')}`)

  if (millis(config.duplicate_window) < duplicateWindow)
    throw refuse(`its duplicate window must be at least ${duplicateWindow / 60_000} minutes`)
  if (config.no_ack) throw refuse('it does not acknowledge (no_ack)')
  if (config.retention !== RetentionPolicy.Limits) throw refuse('its retention must be "limits"')
}

type Subjects = Pick<StreamConfig, 'subjects'>

/** The subjects that the stream lacks. */
export function missingSubjects(name: StreamName, { subjects = [] }: Subjects): string[] {
  return streamSubjects(name).filter((subject) => !subjects.some((pattern) => covers({ pattern, subject })))
}

/** A request subject captured by the stream: it would acknowledge requests before the service answers, and store the refresh tokens in them. */
export function capturedRequest({ subjects = [] }: Subjects): string | undefined {
  return requestRoutes.find(({ subject }) => subjects.some((pattern) => overlaps({ pattern, subject })))
    ?.subject
}

interface Patterns {
  readonly pattern: string
  /** May contain `*`, not `>`. */
  readonly subject: string
}

/** True if the pattern matches every subject that `subject` matches. */
export function covers(patterns: Patterns): boolean {
  return compare(patterns, (given, wanted) => given === '*' || given === wanted)
}

/** True if some subject matches both. */
export function overlaps(patterns: Patterns): boolean {
  return compare(patterns, (given, wanted) => given === '*' || wanted === '*' || given === wanted)
}

function compare({ pattern, subject }: Patterns, fits: (given: string, wanted: string) => boolean): boolean {
  const wanted = subject.split('.')
  const given = pattern.split('.')
  const open = given.at(-1) === '>'
  if (open) given.pop()
  if (open ? wanted.length <= given.length : wanted.length !== given.length) return false
  return given.every((token, index) => fits(token, wanted[index] as string))
}
