/** Above this length what the platform brings beats a loop over the characters, which is slow where text is made of parts. */
const loopLimit = 64

const encoder = new TextEncoder()

/** Writes one code point from `text[i]`, and says by its size in UTF-16 units how far it read: 4 bytes are two units. */
export const writeCodePoint = (slab: Uint8Array, at: number, text: string, i: number): number => {
  let c = text.charCodeAt(i)
  if (c < 0x80) {
    slab[at] = c
    return at + 1
  }
  if (c < 0x800) {
    slab[at] = 0xc0 | c >> 6
    slab[at + 1] = 0x80 | c & 0x3f
    return at + 2
  }
  if (c >= 0xd800 && c < 0xe000) {
    const low = c < 0xdc00 && i + 1 < text.length ? text.charCodeAt(i + 1) : 0
    if (low >= 0xdc00 && low < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
      slab[at] = 0xf0 | c >> 18
      slab[at + 1] = 0x80 | c >> 12 & 0x3f
      slab[at + 2] = 0x80 | c >> 6 & 0x3f
      slab[at + 3] = 0x80 | c & 0x3f
      return at + 4
    }
    c = 0xfffd // half of a pair: no UTF-8 for it
  }
  slab[at] = 0xe0 | c >> 12
  slab[at + 1] = 0x80 | c >> 6 & 0x3f
  slab[at + 2] = 0x80 | c & 0x3f
  return at + 3
}

/** Writes text at a place that has three bytes for each of its UTF-16 units; where it ends. */
export const writeUtf8 = (slab: Uint8Array, at: number, text: string): number => {
  const length = text.length
  if (length > loopLimit) return at + encoder.encodeInto(text, slab.subarray(at, at + 3 * length)).written
  let i = 0
  for (; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c >= 0x80) break
    slab[at + i] = c
  }
  at += i
  while (i < length) {
    const next = writeCodePoint(slab, at, text, i)
    i += next - at === 4 ? 2 : 1
    at = next
  }
  return at
}

const beyondAscii = /[\u0080-\uffff]/

/** How many bytes text takes. */
export const utf8Size = (text: string): number => {
  const length = text.length
  if (length > loopLimit && !beyondAscii.test(text)) return length
  let size = length
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x80) continue
    size += c < 0x800 ? 1 : 2
    // the second half of a pair is a unit too, and the pair takes 4 bytes
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      i++
    }
  }
  return size
}
