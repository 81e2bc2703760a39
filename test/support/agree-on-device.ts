/** Acts as a user on another device, who enters the code and consents. */
export async function agreeOnDevice({
  verificationUri,
  userCode,
}: {
  verificationUri: string
  userCode: string
}) {
  const cookies = new Map<string, string>()

  async function open(url: URL, form?: Record<string, string>): Promise<string> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    return location === null ? response.text() : open(new URL(location, url))
  }

  const page = await open(new URL(verificationUri))
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page) ?? []
  return open(new URL(verificationUri), { xsrf, user_code: userCode, confirm: 'yes' })
}
