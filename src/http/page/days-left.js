/** Whole days until then; undefined when it is not known. */
export function daysLeft(iso) {
  return iso === undefined ? undefined : Math.floor((Date.parse(iso) - Date.now()) / 86_400_000)
}
