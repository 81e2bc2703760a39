import { h, svg } from './dom.js'
import { word } from './language.js'

/** Small charts: bars over time, and an account's states as a strip. Each has a text alternative. */

const height = 96

/** Stacked bars: `bars: [{ label, parts: [{ kind, value }] }]`. `kind` selects the colour. */
export function bars(title, list) {
  const total = ({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)
  const most = Math.max(1, ...list.map(total))
  const width = 100 / Math.max(1, list.length)
  const drawn = list.flatMap((bar, index) => {
    let top = height
    return bar.parts
      .filter(({ value }) => value > 0)
      .map(({ kind, value }) => {
        const tall = Math.max(2, (value / most) * (height - 4))
        top -= tall
        return svg(
          'rect',
          {
            class: `mark ${kind}`,
            x: `${index * width + width * 0.1}%`,
            width: `${width * 0.8}%`,
            y: top,
            height: tall,
          },
          svg('title', {}, `${bar.label}: ${word('state', kind)} ${value}`),
        )
      })
  })
  const first = list[0]?.label ?? ''
  const last = list.at(-1)?.label ?? ''
  return picture(
    title,
    [svg('line', { class: 'axis', x1: 0, x2: '100%', y1: height, y2: height }), ...drawn],
    [first, last],
    height + 1,
  )
}

/** The states of an account from its first transition to now. */
export function strip(title, transitions, now = Date.now()) {
  const start = transitions[0]?.at ?? now
  const span = Math.max(1, now - start)
  const spans = transitions.map(({ at, to }, index) => ({
    state: to ?? 'removed',
    from: at,
    until: transitions[index + 1]?.at ?? now,
  }))
  const drawn = spans.map(({ state, from, until }) =>
    svg(
      'rect',
      {
        class: `mark ${state}`,
        x: `${((from - start) / span) * 100}%`,
        // Short periods have a minimum width.
        width: `${Math.max(0.4, ((until - from) / span) * 100)}%`,
        y: 0,
        height: 24,
      },
      svg('title', {}, `${word('state', state)}: ${new Date(from).toLocaleString()}`),
    ),
  )
  const ends = [start, now].map((at) => new Date(at).toLocaleString(navigator.languages[0]))
  return picture(title, drawn, ends, 24)
}

/** The legend. */
export function legend(kinds) {
  return h(
    'p',
    { class: 'legend' },
    ...kinds.map((kind) => h('span', { class: `state ${kind}` }, word('state', kind))),
  )
}

function picture(title, drawn, [first, last], tall) {
  const image = svg('svg', { role: 'img', 'aria-label': title, width: '100%', height: tall }, ...drawn)
  return h(
    'figure',
    {},
    h('figcaption', {}, title),
    image,
    h('div', { class: 'ends', 'aria-hidden': 'true' }, h('span', {}, first), h('span', {}, last)),
  )
}
