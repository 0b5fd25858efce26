// A byte order mark is content here: dropping it would change a body.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const encoder = new TextEncoder()

/** UTF-8; what is no UTF-8 becomes U+FFFD. Never throws. */
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes)

/**
 * The same for a range. Short ASCII ranges, which names and ids are, are read without a call into the runtime: it costs
 * more than they do.
 */
export const decodeRange = (bytes: Uint8Array, from: number, to: number): string => {
  if (to - from > 40) return decoder.decode(bytes.subarray(from, to))
  let text = ""
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    if (byte > 0x7f) return decoder.decode(bytes.subarray(from, to))
    text += String.fromCharCode(byte)
  }
  return text
}

export const encode = (text: string): Uint8Array => encoder.encode(text)
