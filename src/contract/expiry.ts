import { never } from '../../machines/index.ts'

export { never }

/** A token's expiry as clients see it: null for a token without a known end. */
export const expiryText = (at: number): string | null => (at === never ? null : new Date(at).toISOString())
