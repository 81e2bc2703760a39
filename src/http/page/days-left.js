/** Whole days until then; undefined if unknown. */
export function daysLeft(iso) {
  return iso === undefined ? undefined : Math.floor((Date.parse(iso) - Date.now()) / 86_400_000)
}
