import type { TokensBody } from './answer-schema.ts'
import type { AppConfig } from './app-config.ts'

export interface Lives {
  /** Seconds; absent if unknown or unlimited. */
  readonly expiresIn?: number
  readonly refreshTokenExpiresIn?: number
}

export interface LivesOf {
  readonly fields: TokensBody
  readonly config: Pick<AppConfig, 'answer' | 'maxTokenLife'>
  /** Milliseconds of the provider's clock. */
  readonly now: number
}

const day = 86_400
const tenYears = 315_360_000

/** Lifetimes of tokens: seconds (RFC 6749 §5.1), or a provider's own format. */
export function livesOf({ fields, config, now }: LivesOf): Lives {
  const unit = config.answer?.expiresInUnit
  const clock = now / 1_000
  const inSeconds = (value: number | undefined) => secondsOf(value, unit, clock)
  const expiresIn =
    inRange(fields.expires_in_sec) ??
    inSeconds(fields.expires_in) ??
    untilThen(fields.expires_at ?? fields.expires_on, clock)
  const refreshTokenExpiresIn =
    inSeconds(
      fields.refresh_token_expires_in ?? fields.refresh_expires_in ?? fields.x_refresh_token_expires_in,
    ) ?? untilThen(fields.refresh_token_expires_at, clock)
  const life = config.maxTokenLife === undefined ? expiresIn : capped(expiresIn, config.maxTokenLife)
  return {
    ...(life !== undefined && { expiresIn: life }),
    ...(refreshTokenExpiresIn !== undefined && { refreshTokenExpiresIn }),
  }
}

const capped = (life: number | undefined, most: number) => life && Math.min(life, most)

/** A lifetime over ten years must be in milliseconds, or an absolute time. */
function secondsOf(value: number | undefined, unit: 's' | 'ms' | undefined, clock: number) {
  if (value === undefined || value <= 0) return undefined
  if (unit === 'ms') return inRange(value / 1_000)
  if (unit === 's' || value <= tenYears) return inRange(value)
  if (isPointInTime(value, clock)) return untilThen(value, clock)
  if (isPointInTime(value / 1_000, clock)) return untilThen(value / 1_000, clock)
  return inRange(value / 1_000)
}

/** A plausible expiry of a token that was just issued. */
function isPointInTime(value: number, clock: number): boolean {
  return value > clock - day && value < clock + 366 * day
}

/** A time as seconds or milliseconds since 1970, or as text. */
function untilThen(value: number | string | undefined, clock: number): number | undefined {
  if (value === undefined || value === '') return undefined
  const number = Number(value)
  const at = Number.isNaN(number) ? Date.parse(withZone(String(value))) / 1_000 : number
  if (!(at > 0)) return undefined
  const seconds = at > clock * 100 ? at / 1_000 : at
  return Math.min(Math.max(seconds - clock, 1), tenYears)
}

/** A time without a zone is UTC. */
function withZone(text: string): string {
  return /^\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(text) ? `${text.replace(' ', 'T')}Z` : text
}

function inRange(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds <= 0 ? undefined : Math.min(seconds, tenYears)
}
