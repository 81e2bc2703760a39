export interface Page {
  readonly status: number
  readonly location: string | null
  readonly html: string
  readonly headers: Headers
}

export interface Browser {
  /** One page, with the browser's cookies; redirects are not followed. */
  open(url: string | URL, headers?: Readonly<Record<string, string>>): Promise<Page>
}

/** A browser with cookies per host. `find` maps a public URL to the actual address. */
export function createBrowser(find: (url: string) => string = (url) => url): Browser {
  const jars = new Map<string, Map<string, string>>()
  return {
    async open(url, headers = {}) {
      const here = new URL(find(String(url)))
      const jar = jars.get(here.host) ?? new Map<string, string>()
      jars.set(here.host, jar)
      const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
      const reply = await fetch(here, { redirect: 'manual', headers: { cookie, ...headers } })
      for (const set of reply.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
        jar.set(name, value)
      }
      return {
        status: reply.status,
        location: reply.headers.get('location'),
        html: await reply.text(),
        headers: reply.headers,
      }
    },
  }
}
