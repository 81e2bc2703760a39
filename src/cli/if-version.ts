import { Option } from 'commander'

/** The precondition of a write. */
export function ifVersionOption(): Option {
  return new Option(
    '--if-version <version>',
    'only if it is still at this version or revision; 0: if it does not exist, *: if it does',
  ).argParser((text) => (/^\d+$/.test(text) ? Number(text) : text))
}
