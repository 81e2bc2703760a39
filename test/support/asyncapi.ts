import { z } from 'zod'
import { type RequestRoute, requestRoutes } from '../../src/bus/request-routes.ts'
import { changedSubject, eventTypes, streamOf } from '../../src/bus/subjects.ts'
import { version } from '../../src/common/version.ts'
import { eventSchemas } from '../../src/contract/events.ts'
import { failureStatus } from '../../src/contract/failure-words.ts'
import { failureSchema } from '../../src/contract/failures.ts'
import { requests } from '../../src/contract/requests.ts'
import { changeSchema } from '../../src/events/changes.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (...path: string[]) => ({ $ref: `#/${path.map((part) => part.replaceAll('/', '~1')).join('/')}` })
const idParameter =
  'The id as one token: UTF-8 bytes outside [A-Za-z0-9_@+=:,;()!~-] percent-encoded, upper-case hex, nothing needlessly'

/** Published messages may get more fields; requests must not have unknown ones. */
function schemaOf(schema: z.ZodType, direction: 'sent' | 'taken'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: direction === 'sent' ? 'output' : 'input',
    override({ jsonSchema }) {
      if (direction === 'sent' && jsonSchema.additionalProperties === false)
        delete jsonSchema.additionalProperties
    },
  })
  return json
}

const failureHeaders = {
  type: 'object',
  required: ['Nats-Service-Error', 'Nats-Service-Error-Code'],
  properties: {
    'Nats-Service-Error': { type: 'string', enum: [...Object.keys(failureStatus), 'internal_error'] },
    'Nats-Service-Error-Code': {
      type: 'string',
      enum: [...new Set([...Object.values(failureStatus), 500])].sort().map(String),
    },
  },
}

const eventHeaders = (type: string) => ({
  type: 'object',
  required: ['Nats-Msg-Id', 'ce-specversion', 'ce-id', 'ce-type', 'ce-source', 'ce-time'],
  properties: {
    'Nats-Msg-Id': { type: 'string', description: 'the same as ce-id: published twice, it is stored once' },
    'ce-specversion': { type: 'string', const: '1.0' },
    'ce-id': { type: 'string' },
    'ce-type': { type: 'string', const: type },
    'ce-source': { type: 'string' },
    'ce-time': { type: 'string', format: 'date-time' },
  },
})

const parametersOf = (of: string | undefined) =>
  of === undefined ? {} : { parameters: { [of]: { description: idParameter } } }
const addressOf = (verb: string, of: string | undefined) => (of === undefined ? verb : `${verb}.{${of}}`)

function requestParts({ verb, of, payload, mayBeEmpty }: RequestRoute) {
  const { reply } = requests[verb]
  const [asked, replies] = [verb, `${verb}.reply`]
  return {
    channels: {
      [asked]: {
        address: addressOf(verb, of),
        ...parametersOf(of),
        messages: { request: ref('components', 'messages', `${verb}.request`) },
      },
      [replies]: {
        address: null,
        description:
          'The inbox named in the request; a request that names another kind of subject is not answered',
        messages: {
          answer: ref('components', 'messages', `${verb}.answer`),
          failure: ref('components', 'messages', 'failure'),
        },
      },
    },
    operations: {
      [verb]: {
        action: 'receive',
        channel: ref('channels', asked),
        messages: [ref('channels', asked, 'messages', 'request')],
        reply: {
          channel: ref('channels', replies),
          messages: ['answer', 'failure'].map((name) => ref('channels', replies, 'messages', name)),
        },
        bindings: { nats: { queue: 'tokenbus' } },
      },
    },
    messages: {
      [`${verb}.request`]: {
        summary: mayBeEmpty ? 'An empty payload means {}' : 'An empty payload is refused; send at least {}',
        payload: schemaOf(payload, 'taken'),
      },
      [`${verb}.answer`]: { payload: schemaOf(reply, 'sent') },
    },
  }
}

function eventParts(type: keyof typeof eventSchemas) {
  const of = type.startsWith('app.') ? 'app' : 'account'
  return {
    channels: {
      [type]: {
        address: addressOf(type, of),
        description: `JetStream stream ${streamOf(type)}; plain subscribers may see one twice, and drop it by its id`,
        ...parametersOf(of),
        messages: { event: ref('components', 'messages', type) },
      },
    },
    operations: {
      [type]: {
        action: 'send',
        channel: ref('channels', type),
        messages: [ref('channels', type, 'messages', 'event')],
      },
    },
    messages: { [type]: { headers: eventHeaders(type), payload: schemaOf(eventSchemas[type], 'sent') } },
  }
}

const changed = {
  channels: {
    [changedSubject]: {
      address: changedSubject,
      description:
        'Every save, on core NATS, for the nodes of tokenbus alone: they drop what they remember of the record',
      messages: { change: ref('components', 'messages', changedSubject) },
    },
  },
  operations: Object.fromEntries(
    (['send', 'receive'] as const).map((action) => [
      action === 'send' ? changedSubject : `${changedSubject}.heard`,
      {
        action,
        channel: ref('channels', changedSubject),
        messages: [ref('channels', changedSubject, 'messages', 'change')],
      },
    ]),
  ),
  messages: { [changedSubject]: { payload: schemaOf(changeSchema, 'sent') } },
}

/** The AsyncAPI 3.0 document of all messages on NATS, from the schemas that check them. */
export function asyncApi(): Json {
  const parts = [...requestRoutes.map(requestParts), ...eventTypes.map(eventParts), changed]
  const all = (name: 'channels' | 'operations' | 'messages') =>
    Object.assign({}, ...parts.map((part) => part[name])) as Json
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'tokenbus',
      version,
      description: 'OAuth2 access tokens over NATS, always valid',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: all('channels'),
    operations: all('operations'),
    components: {
      messages: {
        ...all('messages'),
        failure: { headers: failureHeaders, payload: schemaOf(failureSchema, 'sent') },
      },
    },
  }
}
