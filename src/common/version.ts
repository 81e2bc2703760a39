/** The version answered on the bus; the same as the package's (a test compares them). */
export const version = '0.1.0'
