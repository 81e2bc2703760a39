import { readFileSync } from 'node:fs'
import { startStandIn } from './stand-in.js'

const dev = () => JSON.parse(readFileSync(`${process.env.TOKENBUS_DATA_DIR ?? '.tokenbus'}/dev.json`, 'utf8'))

/** The bus: `TOKENBUS_NATS_URL`, or the one that `npm start` runs. */
export const servers = process.env.TOKENBUS_NATS_URL ?? dev().nats

/** `ACCOUNT` names an account you have connected: then its real API is asked. */
export const account = process.env.ACCOUNT ?? 'demo'

/**
 * @param {string} real
 * @returns {Promise<string>} the base URL of the API, or of a stand-in for it, which takes the tokens of `demo`
 */
export async function apiOf(real) {
  return process.env.ACCOUNT === undefined ? startStandIn({ issuer: dev().sandbox }) : real
}

/** What plain `nats` takes: it reads no credentials from a URL. Each user's answers come to an inbox of its own. */
export function natsOptions() {
  const { host, username, password } = new URL(servers)
  return { servers: host, user: username, pass: password, inboxPrefix: `_INBOX_${username}` }
}

/** Where JetStream answers: a consumer is in a NATS account of its own, the user that `npm start` makes in the service's. */
export const apiPrefix = process.env.TOKENBUS_NATS_URL === undefined ? '$JS.API' : 'tokenbus.js'
