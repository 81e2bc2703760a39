import { never } from '../../machines/index.ts'

export { never }

/** A token's expiry in the contract: ISO 8601, or null if it is unknown. */
export const expiryText = (at: number): string | null => (at === never ? null : new Date(at).toISOString())
