import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))
const lines = readFileSync(path('Dockerfile'), 'utf8')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter((line) => /^[A-Z]/.test(line))
const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
const argumentsOf = (word: string) =>
  last.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim())

it('the image is built in two stages, runs as an unprivileged user, and has a health check', () => {
  expect(lines.filter((line) => line.startsWith('FROM '))).toHaveLength(2)
  expect(argumentsOf('USER')).toEqual(['node'])
  expect(argumentsOf('VOLUME')).toEqual(['/var/lib/tokenbus'])
  expect(argumentsOf('HEALTHCHECK')).toEqual([expect.stringContaining('/livez')])
  expect(argumentsOf('CMD')).toEqual(['["node", "dist/src/main.js", "serve"]'])
})

it('all files it copies exist, and are not in .dockerignore', () => {
  const copied = lines
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1))
  const ignored = readFileSync(path('.dockerignore'), 'utf8').split('\n')
  expect(copied.filter((file) => !existsSync(path(file)) || ignored.includes(file))).toEqual([])
  expect(copied).toEqual(expect.arrayContaining(['prepare.mjs', 'src', 'machines', 'nats.conf']))
})
