import type { AppConfig } from './app-config.ts'
import { builtIn } from './catalogue.ts'
import { type Preset, toPreset } from './preset.ts'

/** What is known of the providers that come with tokenbus. */
export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  [...builtIn].map(([name, entry]) => [name, toPreset(entry)]),
)

/** An app of an operator's own provider carries its preset: the file need not be there any more. */
export function presetOf({ provider, preset }: Pick<AppConfig, 'provider' | 'preset'>): Preset {
  return presets[provider] ?? preset ?? (presets.oidc as Preset)
}

/** The provider whose error words and scope names this one shares. */
export function wordsOf(config: Pick<AppConfig, 'provider' | 'preset'>): string {
  return presetOf(config).like ?? config.provider
}
