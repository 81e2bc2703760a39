/** `tokenbus serve` as a function, for a program that brings its own configuration, log and signals. */

export { StartError } from './common/start-error.ts'
export type { Tokenbus } from './contract/tokenbus.ts'
export { type Config, readConfig } from './node/config.ts'
export { type Service, startService } from './node/service.ts'
