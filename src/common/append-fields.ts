/** Adds fields to the JSON bytes of a non-empty object, by writing a comma over its closing brace. */
export function appendFields(object: Uint8Array, fields: object): Uint8Array {
  const added = Buffer.from(JSON.stringify(fields))
  added[0] = 0x2c // ','
  return Buffer.concat([object.subarray(0, -1), added])
}
