/** Adds fields to JSON bytes that are an object with at least one: their last byte is its brace. */
export function appendFields(object: Uint8Array, fields: object): Uint8Array {
  const added = Buffer.from(JSON.stringify(fields))
  added[0] = 0x2c // a comma where the brace was
  return Buffer.concat([object.subarray(0, -1), added])
}
