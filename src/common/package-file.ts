/** A file of the package by its path from the root, both from the sources and from `dist/`. */
export const packageFile = (path: string) =>
  new URL(`${import.meta.url.endsWith('.ts') ? '../../' : '../../../'}${path}`, import.meta.url)
