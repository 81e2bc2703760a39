import { type Browser, chromium } from 'playwright-core'
import { isInstalled } from './installed.ts'

export const hasChromium = isInstalled('chromium')

export function startBrowser(): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
  ]
  return chromium.launch({ executablePath: '/usr/bin/chromium', args })
}
