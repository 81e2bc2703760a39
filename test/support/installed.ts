import { execFileSync } from 'node:child_process'

/** True if the program is installed. Debian installs servers in sbin, which is often not on the PATH. */
export function isInstalled(program: string): boolean {
  try {
    const script = 'PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"; command -v "$1"'
    execFileSync('sh', ['-c', script, 'sh', program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
