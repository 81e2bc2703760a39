interface Page {
  body: unknown
  type: string
}

const page = (content: string) => `<!doctype html><title>sandbox</title>${content}`

/** Where a person types in the code of another device, and agrees; the form is oidc-provider's own. */
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
