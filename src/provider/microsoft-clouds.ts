import type { AppPut } from '../contract/app.ts'

/** The hosts of a Microsoft cloud. */
export interface Cloud {
  readonly login: string
  readonly graph: string
  readonly outlook: string
}

/**
 * login and graph: learn.microsoft.com/graph/deployments. outlook: learn.microsoft.com/microsoft-365/enterprise, the
 * endpoint lists of each cloud.
 */
export const clouds: Readonly<Record<NonNullable<AppPut['cloud']>, Cloud>> = {
  global: {
    login: 'login.microsoftonline.com',
    graph: 'graph.microsoft.com',
    outlook: 'outlook.office.com',
  },
  'gcc-high': {
    login: 'login.microsoftonline.us',
    graph: 'graph.microsoft.us',
    outlook: 'outlook.office365.us',
  },
  dod: {
    login: 'login.microsoftonline.us',
    graph: 'dod-graph.microsoft.us',
    outlook: 'outlook-dod.office365.us',
  },
  china: {
    login: 'login.chinacloudapi.cn',
    graph: 'microsoftgraph.chinacloudapi.cn',
    outlook: 'partner.outlook.cn',
  },
}

/** Fills a preset's `{tenant}` and the hosts of a cloud; other placeholders stay. */
export function filler({ tenant, cloud }: Pick<AppPut, 'tenant' | 'cloud'>) {
  const known: Readonly<Record<string, string | undefined>> = { tenant, ...(cloud && clouds[cloud]) }
  return (template: string) => template.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? `{${name}}`)
}
