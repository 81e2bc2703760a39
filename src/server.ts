/** `tokenbus serve` as a function, for a program that brings its own configuration, log and signals. */
export type { Tokenbus } from './api.ts'
export { type Config, readConfig } from './config.ts'
export { type Service, startService } from './service.ts'
export { StartError } from './start-error.ts'
