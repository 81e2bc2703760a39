export class ApiError extends Error {
  constructor(status, body) {
    super(body.message ?? `the server answered ${status}`)
    this.status = status
  }
}

/** The URL of a path, since a reverse proxy may serve us under a prefix. */
export const at = (path) => new URL(`..${path}`, import.meta.url)

/** Calls our API; the browser adds the cookie. Rejects with `ApiError`. */
export async function api(method, path, body) {
  const response = await fetch(at(path), {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new ApiError(response.status, answer)
  return answer
}

export const get = (path) => api('GET', path)
export const part = encodeURIComponent
