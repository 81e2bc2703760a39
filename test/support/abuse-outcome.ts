import { eventTypes } from '../../src/bus/subjects.ts'
import { type AbuseScene, type State, type StreamState, tokenOf, type Witness } from './abuse-scene.ts'

export type Outcome = string

/** What a chosen subject achieved: nothing, or each thing that should not be possible. */
export function outcomesOf(
  scene: AbuseScene,
  { before, after, home }: { before: State; after: State; home: string },
): Outcome[] {
  const streams = Object.entries(after.streams).flatMap(([name, now]) =>
    changeOf(name, before.streams[name], now),
  )
  const records = before.records === after.records ? [] : ['accounts changed']
  return [...streams, ...records, ...scene.witnesses.flatMap((witness) => hearsay(scene, witness, home))]
}

function changeOf(name: string, was: StreamState | undefined, now: StreamState | undefined): Outcome[] {
  if (JSON.stringify(was) === JSON.stringify(now)) return []
  if (was === undefined || now === undefined || was.created !== now.created) return [`${name} deleted`]
  const onlyMore = now.first === was.first && now.messages - was.messages === now.last - was.last
  return [onlyMore ? `junk in ${name}` : `${name} emptied`]
}

/** What a party of another NATS account may send into the service's: its own requests, and acks of its own durable. */
const imported = [
  /^token\.(get|reject)\.alice$/,
  /^_R_\./,
  /^\$JS\.API\.CONSUMER\.(INFO|MSG\.NEXT)\.TOKENBUS_EVENTS\.consumer$/,
  /^\$JS\.ACK\.TOKENBUS_EVENTS\.consumer\./,
  /^\$JS\.EVENT\./,
]

const isEvent = (subject: string) => eventTypes.some((type) => subject.startsWith(`${type}.`))

function hearsay({ ownInbox }: AbuseScene, { account, heard }: Witness, home: string): Outcome[] {
  return heard.splice(0).flatMap(({ subject, reply, text }) => {
    if (subject.startsWith(ownInbox) || reply.startsWith(ownInbox)) return []
    const isDelivery = reply.startsWith('$JS.ACK.')
    if (account !== home && !isDelivery && !imported.some((pattern) => pattern.test(subject)))
      return [`${isEvent(subject) ? 'event' : subject} in ${account}`]
    const isToken = text.includes(tokenOf('alice')) || text.includes(tokenOf('bob'))
    return isToken && !subject.startsWith('_R_.') ? [`token heard in ${account}`] : []
  })
}
