// A byte order mark is content here: dropping it would change a body.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const encoder = new TextEncoder()

type Slice = (bytes: Uint8Array, start: number, end: number) => string

const standard: Slice = (bytes, start, end) => decoder.decode(bytes.subarray(start, end))

/**
 * What Node's Buffer reads text with, when there is such a thing: it needs no view of the bytes, and takes half the time.
 * No document tells of it, and on another platform the name may stand for something else, so it is tried first.
 */
export const sliceOf = (platform: { readonly Buffer?: unknown }): Slice => {
  type Method = (this: Uint8Array, start: number, end: number) => string
  const method = (platform.Buffer as { prototype?: { utf8Slice?: Method } } | undefined)?.prototype?.utf8Slice
  if (method === undefined) return standard
  const slice: Slice = (bytes, start, end) => method.call(bytes, start, end)
  try {
    return slice(Uint8Array.of(0x61, 0xc3, 0xa9, 0x62), 1, 3) === "\u00e9" ? slice : standard
  } catch {
    return standard
  }
}

/** UTF-8 of a range within the bytes; what is no UTF-8 becomes U+FFFD. */
export const slice = sliceOf(globalThis as { readonly Buffer?: unknown })

/** UTF-8; what is no UTF-8 becomes U+FFFD. Never throws. */
export const decode = (bytes: Uint8Array): string => slice(bytes, 0, bytes.length)

export const encode = (text: string): Uint8Array => encoder.encode(text)
