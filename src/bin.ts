#!/usr/bin/env node
// An older Node must be able to parse this file: it uses no newer syntax, and imports the rest after the check.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 20 || (major === 20 && minor >= 19)) await import('./main.ts')
else {
  process.stderr.write(
    `tokenbus needs Node 20.19 or newer, and this is ${process.versions.node}; install a newer Node.\n`,
  )
  process.exitCode = 1
}
