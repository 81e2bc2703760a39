/** Acts as the browser of a consenting user: follows redirects and keeps cookies. */
export async function signIn({ authorizationUrl }: { authorizationUrl: string | URL }): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = new URL(authorizationUrl)
  const { origin } = url
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`the consent page answered ${response.status} without a redirect`)
    url = new URL(location, url)
    if (url.origin !== origin) return url
  }
  throw new Error('the consent page redirected too often')
}
