// A byte order mark is content here: dropping it would change a body.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const encoder = new TextEncoder()

/** UTF-8; what is no UTF-8 becomes U+FFFD. Never throws. */
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes)

export const encode = (text: string): Uint8Array => encoder.encode(text)
