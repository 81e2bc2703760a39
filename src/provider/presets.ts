import type { AppConfig } from './app-config.ts'
import { builtIn } from './catalogue.ts'
import { type Preset, toPreset } from './preset.ts'

/** The presets of the built-in providers. */
export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  [...builtIn].map(([name, entry]) => [name, toPreset(entry)]),
)

/** An app of an operator's own provider stores its preset, so the file is no longer needed. */
export function presetOf({ provider, preset }: Pick<AppConfig, 'provider' | 'preset'>): Preset {
  return presets[provider] ?? preset ?? (presets.oidc as Preset)
}

/** The provider with the same error codes and scope names. */
export function dialectOf(config: Pick<AppConfig, 'provider' | 'preset'>): string {
  return presetOf(config).like ?? config.provider
}
