import { never } from '../../machines/index.ts'

export { never }

/** When a token runs out, as it is told: null where nobody says that it does. */
export const expiryText = (at: number): string | null => (at === never ? null : new Date(at).toISOString())
