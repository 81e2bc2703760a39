import { brotliDecompressSync, gunzipSync, inflateSync, type ZlibOptions } from 'node:zlib'

const limit: ZlibOptions = { maxOutputLength: 1_048_576 }

/** The text of a body. We ask for no compression; an answer that comes compressed all the same is too dear to lose. */
export function decodeBody({ body, encoding }: { body: Buffer; encoding: string | undefined }): string {
  const text = (encoding === undefined ? body : decompress({ body, encoding })).toString()
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

function decompress({ body, encoding }: { body: Buffer; encoding: string | undefined }): Buffer {
  try {
    if (encoding === 'gzip' || encoding === 'x-gzip') return gunzipSync(body, limit)
    if (encoding === 'br') return brotliDecompressSync(body, limit)
    if (encoding === 'deflate') return inflateSync(body, limit)
  } catch {
    // Not what its header says: left as it is, it is not JSON either.
  }
  return body
}
