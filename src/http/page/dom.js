/** Makes an element. Text is only ever set as text: what accounts are called cannot become markup. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, value)
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined))
  return element
}

export const stateMark = (state) => h('span', { class: `state ${state}` }, state)

export function time(iso) {
  if (!iso) return '–'
  return h('time', { datetime: iso, title: iso }, new Date(iso).toLocaleString())
}

/** The reason, with its explanation behind it. */
export const reasonLink = (reason) => h('a', { href: `docs#reason-${reason}` }, reason)

/** A table that a screen reader can announce. */
export function table(caption, headings, rows) {
  return h(
    'div',
    { class: 'table', tabindex: '0', role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', {}, caption),
      h('thead', {}, h('tr', {}, ...headings.map((heading) => h('th', { scope: 'col' }, heading)))),
      h('tbody', {}, ...rows),
    ),
  )
}

export function facts(pairs) {
  const known = Object.entries(pairs).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  )
  return h('dl', {}, ...known.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))
}
