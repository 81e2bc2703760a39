interface Page {
  body: unknown
  type: string
}

const page = (content: string) => `<!doctype html><title>sandbox</title>${content}`

/** The pages to enter and confirm a user code; the form is oidc-provider's. */
export const devicePages = {
  userCodeInputSource(ctx: Page, form: string): void {
    ctx.body = page(`${form}<button type="submit" form="op.deviceInputForm">Continue</button>`)
  },
  userCodeConfirmSource(ctx: Page, form: string): void {
    ctx.body = page(`${form}<button type="submit" form="op.deviceConfirmForm">Agree</button>`)
  },
  successSource(ctx: Page): void {
    ctx.body = page('Done: the device is connected.')
  },
}
