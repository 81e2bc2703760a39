import { isIPv6 } from 'node:net'

/** As in a URL: an IPv6 address is in brackets. */
export const hostPort = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`
