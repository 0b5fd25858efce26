import * as Text from "./text.js"

/**
 * The value of one property, found in the encoded bytes: half the price of decoding them all, for the tag, which is often
 * all that is read of the properties. Same rules as `MessageProperties.decode`; it goes backwards, since the last entry
 * of a name wins. `name` is ASCII with the separator behind it.
 */
export const find = (bytes: Uint8Array, from: number, to: number, name: Uint8Array): string | undefined => {
  const size = name.length
  let end = to
  while (end > from) {
    let start = end
    while (start > from && bytes[start - 1] !== 2) start--
    if (end - start > size && bytes[start] === name[0]) {
      let i = 1
      while (i < size && bytes[start + i] === name[i]) i++
      if (i === size) return valueOf(bytes, start + size, end)
    }
    end = start - 1
  }
  return undefined
}

/** Short ASCII is read without the call to the platform's decoder, which costs more than that. */
const valueOf = (bytes: Uint8Array, from: number, to: number): string => {
  let text = ""
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    if (byte > 0x7f || i - from > 16) return Text.slice(bytes, from, to)
    text += String.fromCharCode(byte)
  }
  return text
}
