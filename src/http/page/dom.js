import { t, word } from './language.js'

/** Creates an element. Text is never set as markup, since names of accounts are untrusted. */
export function h(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children)
}

/** The same for SVG elements. */
export function svg(tag, attributes = {}, ...children) {
  return dress(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, value)
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined))
  return element
}

export const title = (text) => h('h1', { tabindex: '-1' }, text)
export const stateMark = (state) => h('span', { class: `state ${state}` }, word('state', state))

export function time(iso) {
  if (!iso) return '–'
  return h('time', { datetime: iso, title: iso }, new Date(iso).toLocaleString(navigator.languages[0]))
}

/** The reason, with its explanation as a tooltip. */
export const reasonLink = (reason) => h('a', { href: `docs#reason-${reason}` }, reason)

/** An accessible table; clicking a heading sorts the rows. */
export function table(caption, headings, rows) {
  const body = h('tbody', { role: 'rowgroup' }, ...rows)
  // On a narrow screen they are laid out as blocks, which would remove their implicit roles.
  for (const row of rows) {
    row.setAttribute('role', 'row')
    for (const [column, cell] of [...row.cells].entries()) {
      cell.setAttribute('role', cell.tagName === 'TH' ? 'rowheader' : 'cell')
      cell.dataset.label = headings[column] ?? ''
    }
  }
  const heads = headings.map((heading, column) =>
    h('th', { scope: 'col' }, sortButton(heading, column, body)),
  )
  return h(
    'div',
    { class: 'table', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', { role: 'table' }, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...heads)), body),
  )
}

const keyOf = (cell) => cell?.querySelector('time')?.getAttribute('datetime') ?? cell?.textContent ?? ''

function sortButton(heading, column, body) {
  if (heading === '') return h('span', { class: 'unseen' }, t('actions'))
  const press = ({ currentTarget: button }) => {
    const head = button.closest('th')
    const down = head.getAttribute('aria-sort') === 'ascending'
    for (const other of head.parentElement.children) other.removeAttribute('aria-sort')
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
    const compare = (a, b) =>
      keyOf(a.cells[column]).localeCompare(keyOf(b.cells[column]), undefined, { numeric: true })
    body.append(...[...body.rows].sort((a, b) => (down ? compare(b, a) : compare(a, b))))
  }
  return h('button', { type: 'button', class: 'sort', onclick: press }, heading)
}

export function facts(pairs) {
  const known = Object.entries(pairs).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  )
  return h('dl', {}, ...known.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))
}

let fields = 0

/** An input with its label and description. */
export function field(label, input, hint) {
  const id = `field-${++fields}`
  input.id = id
  if (hint) input.setAttribute('aria-describedby', `${id}-hint`)
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    input,
    hint ? h('p', { class: 'soft', id: `${id}-hint` }, hint) : null,
  )
}

export function choice(options, chosen) {
  return h(
    'select',
    {},
    ...options.map(([value, label]) => h('option', { value, selected: value === chosen }, label)),
  )
}

/** A form that shows errors, and is not submitted twice at the same time. */
export function form({ submit, action, kind = 'inline' }, ...children) {
  const said = h('p', { role: 'status', class: 'said' })
  const button = h('button', { type: 'submit', class: 'main' }, action)
  const onsubmit = async (event) => {
    event.preventDefault()
    button.disabled = true
    said.replaceChildren()
    await submit(said).catch((error) => said.replaceChildren(problem(error)))
    button.disabled = false
  }
  return h('form', { class: kind, onsubmit }, ...children, button, said)
}

export const problem = (error) => h('span', { class: 'problem' }, error.message)

/** A button that asks for confirmation before an action that cannot be undone. */
export function doubtful(label, question, act) {
  const said = h('span', { role: 'alert' })
  const sure = h('button', { type: 'button', class: 'danger', hidden: true }, label)
  const first = h('button', { type: 'button' }, label)
  first.addEventListener('click', () => {
    first.hidden = true
    sure.hidden = false
    said.replaceChildren(`${question} `)
    sure.focus()
  })
  sure.addEventListener('click', async () => {
    sure.disabled = true
    await act().catch((error) => said.replaceChildren(problem(error)))
    sure.disabled = false
    sure.hidden = true
    first.hidden = false
  })
  return h('span', { class: 'doubtful' }, first, said, sure)
}

/** Copies a text to the clipboard; shows it for manual copying if the browser does not permit that. */
export function copyButton(label, text) {
  const said = h('span', { role: 'status' })
  const press = async () => {
    const copied =
      typeof text === 'function' ? await text().catch((error) => said.replaceChildren(problem(error))) : text
    if (copied === undefined) return
    await navigator.clipboard?.writeText(copied).then(
      () => said.replaceChildren(t('copied')),
      () => said.replaceChildren(shown(copied)),
    )
    if (!navigator.clipboard) said.replaceChildren(shown(copied))
  }
  return h('span', { class: 'copy' }, h('button', { type: 'button', onclick: press }, label), ' ', said)
}

const shown = (text) => h('code', {}, text)
