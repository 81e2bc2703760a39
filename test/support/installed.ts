import { execFileSync } from 'node:child_process'

/** Is there such a program on this machine? Servers are in sbin on Debian, which is not on everybody's PATH. */
export function isInstalled(program: string): boolean {
  try {
    const script = 'PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"; command -v "$1"'
    execFileSync('sh', ['-c', script, 'sh', program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
