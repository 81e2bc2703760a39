import { choice, field, h } from './dom.js'
import { t, word } from './language.js'

/**
 * Inputs for a provider's settings, generated from the JSON Schema of each. `changes()` returns what differs from
 * `known`; null resets a setting to the catalogue's value. `changedSince()` returns the names of the settings that
 * `now`, a later view, has other values of, so that saving the changes would overwrite somebody else's.
 */
export function settingFields(settings, known = {}) {
  const made = settings.map((setting) => ({ setting, ...control(setting, shownOf(setting, known)) }))
  const show = ({ setting, input }) => field(labelOf(setting), input, hintOf(setting))
  const usual = made.filter(({ setting }) => setting.usual)
  const special = made.filter(({ setting }) => !setting.usual)
  return {
    element: h(
      'div',
      { class: 'stack' },
      ...usual.map(show),
      special.length === 0
        ? null
        : h(
            'details',
            {},
            h('summary', {}, t('settings.special')),
            h('div', { class: 'stack' }, ...special.map(show)),
          ),
    ),
    changes() {
      return Object.fromEntries(made.filter(isEdited).map((each) => [each.setting.name, readFrom(each)]))
    },
    changedSince(now) {
      // A new secret replaces all secrets, including one that somebody has added meanwhile.
      const isChanged = (each) =>
        each.setting.secret
          ? isEdited(each) && secretsOf(now) !== secretsOf(known)
          : toText(each.setting, shownOf(each.setting, now)) !== each.before
      return made.filter(isChanged).map(({ setting }) => setting.name)
    },
  }
}

const isEdited = ({ before, input }) => input.value !== before
const secretsOf = ({ secrets = [] }) => JSON.stringify(secrets.map(({ id, expiresAt }) => [id, expiresAt]))
const labelOf = ({ name, required }) => (required ? `${name} *` : name)

function hintOf({ name, description, default: usual }) {
  const said = word('setting', name)
  const text = said === name ? description : said
  if (usual === undefined) return text
  return `${text} · ${t('settings.default')}: ${typeof usual === 'string' ? usual : JSON.stringify(usual)}`
}

/** The body of the put: additional scopes are a separate field. */
function shownOf({ name, secret }, known) {
  if (secret) return undefined
  const { additionalScopes = [], scopes = [] } = known
  return name === 'scopes' && known.scopes
    ? scopes.filter((scope) => !additionalScopes.includes(scope))
    : known[name]
}

const isList = ({ type, items }) => type === 'array' && items?.type === 'string'

function control(setting, value) {
  const { required, secret, name } = setting
  const text = toText(setting, value)
  const input = inputOf(setting, text)
  if (required) input.setAttribute('required', '')
  if (secret) input.setAttribute('autocomplete', 'new-password')
  else input.setAttribute('autocomplete', 'off')
  input.setAttribute('name', name)
  if (input.tagName !== 'SELECT') input.value = text
  return { input, before: text }
}

function inputOf({ schema, name, secret }, text) {
  const options = optionsOf(schema)
  if (options.length > 0) return choice([['', t('settings.as-default')], ...options], text)
  if (schema.type === 'number' || schema.type === 'integer')
    return h('input', { type: 'number', min: '0', step: 'any' })
  if (name === 'serviceKey') return h('textarea', { rows: '4', spellcheck: 'false' })
  if (secret) return h('input', { type: 'password' })
  return schema.type === 'string' ? h('input', {}) : h('textarea', { rows: '3', spellcheck: 'false' })
}

/** The possible values of a setting that is a choice. */
function optionsOf(schema) {
  if (schema.anyOf) return schema.anyOf.flatMap(optionsOf)
  if (schema.enum) return schema.enum.map((each) => [each, each])
  return schema.type === 'boolean'
    ? [
        ['true', t('yes')],
        ['false', t('no')],
      ]
    : []
}

function toText({ schema }, value) {
  if (value === undefined || value === null) return ''
  if (isList(schema)) return value.join('\n')
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value)
}

function readFrom({ setting: { name, schema }, input }) {
  const text = input.value.trim()
  if (text === '') return isList(schema) && name === 'additionalScopes' ? [] : null
  if (input.tagName === 'SELECT') return { true: true, false: false }[text] ?? text
  if (schema.type === 'number' || schema.type === 'integer') return Number(text)
  if (isList(schema)) return text.split(/\s+/)
  if (schema.type === 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(t('settings.not-json', { name }))
  }
}
