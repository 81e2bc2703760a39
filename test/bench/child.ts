import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

const children = new Set<ChildProcess>()

/** Another process of ours, up once it says so; killed with us. */
export async function startChild(
  file: URL,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
): Promise<ChildProcess> {
  const child = fork(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  children.add(child)
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file.pathname} ended with ${code}`))),
  ])
  return child
}

export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}
