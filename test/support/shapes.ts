/** The names and JSON types of stored data, as lines `path: types`; array elements share one path, `null` is a type. */
export function createShapes() {
  const types = new Map<string, Set<string>>()

  function add(path: string, value: unknown): void {
    const known = types.get(path) ?? new Set()
    types.set(path, known.add(typeOf(value)))
    if (Array.isArray(value)) for (const each of value) add(`${path}[]`, each)
    else if (typeof value === 'object' && value !== null)
      for (const [name, each] of Object.entries(value)) add(`${path}.${name}`, each)
  }

  return {
    add,
    text(): string {
      const lines = [...types].map(([path, known]) => `${path}: ${[...known].sort().join(' | ')}`)
      return `${lines.sort().join('\n')}\n`
    },
  }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
