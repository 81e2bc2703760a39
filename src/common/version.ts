/** The version in `$SRV.INFO`; a test compares it with package.json. */
export const version = '0.1.0'
