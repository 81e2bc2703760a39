const pollInterval = 250

/** The nodes whose `/readyz` says so, as whatever spreads requests over them knows it: in turn. */
export function createReadyNodes(urls: () => readonly string[]) {
  let ready: string[] = []
  let turn = 0

  async function look(): Promise<void> {
    const asked = await Promise.all(
      urls().map(async (url) => {
        const reply = await fetch(`${url}/readyz`).catch(() => undefined)
        await reply?.body?.cancel()
        return reply?.ok ? [url] : []
      }),
    )
    ready = asked.flat()
  }
  const timer = setInterval(() => void look(), pollInterval)

  return {
    look,
    next: () => ready[turn++ % ready.length] as string,
    stop: () => clearInterval(timer),
  }
}
