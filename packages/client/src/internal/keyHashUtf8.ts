/**
 * Texts as UTF-8 in a buffer that is used again, so that hashing a key allocates nothing.
 */

/** Holds one text at a time. Half of a surrogate pair becomes U+FFFD, as everywhere. */
export class Utf8Buffer {
  bytes: Uint8Array = new Uint8Array(256)

  /** Writes a text at the start of `bytes`, with room for so many more bytes behind it, and gives its length in bytes. */
  write(text: string, room: number): number {
    const most = 3 * text.length + room
    if (this.bytes.length < most) this.bytes = new Uint8Array(2 * most)
    const { bytes } = this
    let at = 0
    for (let i = 0; i < text.length; i++) {
      let c = text.charCodeAt(i)
      if (c < 0x80) {
        bytes[at++] = c
        continue
      }
      if (c < 0x800) {
        bytes[at++] = 0xc0 | c >> 6
        bytes[at++] = 0x80 | c & 0x3f
        continue
      }
      if (c >= 0xd800 && c < 0xe000) {
        const low = c < 0xdc00 && i + 1 < text.length ? text.charCodeAt(i + 1) : 0
        if (low >= 0xdc00 && low < 0xe000) {
          i++
          c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
          bytes[at++] = 0xf0 | c >> 18
          bytes[at++] = 0x80 | c >> 12 & 0x3f
          bytes[at++] = 0x80 | c >> 6 & 0x3f
          bytes[at++] = 0x80 | c & 0x3f
          continue
        }
        c = 0xfffd
      }
      bytes[at++] = 0xe0 | c >> 12
      bytes[at++] = 0x80 | c >> 6 & 0x3f
      bytes[at++] = 0x80 | c & 0x3f
    }
    return at
  }
}
