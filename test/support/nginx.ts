import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'
import { isInstalled } from './installed.ts'
import { freePort } from './redis.ts'
import { type Front, type Fronting, proxyAddress } from './reverse-proxy.ts'

export const hasNginx = isInstalled('nginx')

const certificate = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))

/** nginx with TLS, as docs/operations.md has it. */
export async function startNginx({ to, prefix, strips, port: wanted }: Fronting): Promise<Front> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenbus-nginx-'))
  const port = wanted ?? (await freePort())
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configuration({ folder, port, prefix, upstream: `${to}${strips ? '/' : ''}` }))
  const child = spawn('nginx', ['-c', file, '-e', join(folder, 'error.log')], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  await eventually(() => reachable(port), { within: 30_000 })
  return {
    url: `https://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const configuration = (given: { folder: string; port: number; prefix: string; upstream: string }) => `
daemon off;
worker_processes 1;
pid ${given.folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${given.folder}/body;
  proxy_temp_path ${given.folder}/proxy;
  fastcgi_temp_path ${given.folder}/fastcgi;
  uwsgi_temp_path ${given.folder}/uwsgi;
  scgi_temp_path ${given.folder}/scgi;
  server {
    listen 127.0.0.1:${given.port} ssl;
    ssl_certificate ${certificate('server.pem')};
    ssl_certificate_key ${certificate('server.key')};
    location ${given.prefix}/ {
      proxy_pass ${given.upstream};
      proxy_bind ${proxyAddress};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_buffering off;
    }
  }
}
`

async function reachable(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
