import { brotliDecompressSync, gunzipSync, inflateSync, type ZlibOptions } from 'node:zlib'

const limit: ZlibOptions = { maxOutputLength: 1_048_576 }

/** The text of a body. Compression is not requested, but decoded all the same, since an answer must not be lost. */
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
    // The header is wrong: leave the body unchanged.
  }
  return body
}
