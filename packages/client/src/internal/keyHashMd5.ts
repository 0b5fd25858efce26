/**
 * MD5 (RFC 1321) of texts, for the clients that choose queues by it. Web Crypto has none.
 */
import { Utf8Buffer } from "./keyHashUtf8.js"

/** RFC 1321 makes its table of sines; none is so close to a whole number that engines could differ. */
const sines = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32))

/** How far each round of 16 steps turns its words, four steps after four. */
const turns = Int32Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21)

/** A one bit, then the length in bits in 8 bytes, fill the last block. */
const PADDING = 9
const BLOCK = 64

/** Its buffers are its own and used again: a digest allocates nothing. */
export class Md5 {
  /** The digest of the last text: four words, the bytes of each from the lowest on. */
  readonly words: Int32Array = new Int32Array(4)

  private readonly utf8 = new Utf8Buffer()
  private readonly block = new Int32Array(16)

  digest(text: string): void {
    const length = this.utf8.write(text, PADDING + BLOCK)
    const { bytes } = this.utf8
    const end = Math.ceil((length + PADDING) / BLOCK) * BLOCK
    bytes.fill(0, length, end)
    bytes[length] = 0x80
    for (let i = 0, bits = length * 8; bits > 0; i++, bits = Math.floor(bits / 256)) bytes[end - 8 + i] = bits
    const { words } = this
    words[0] = 0x67452301
    words[1] = 0xefcdab89
    words[2] = 0x98badcfe
    words[3] = 0x10325476
    for (let at = 0; at < end; at += BLOCK) this.mix(at)
  }

  private mix(start: number): void {
    const { block, words } = this
    const { bytes } = this.utf8
    for (let i = 0, at = start; i < 16; i++, at += 4) {
      block[i] = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24
    }
    let a = words[0]!
    let b = words[1]!
    let c = words[2]!
    let d = words[3]!
    for (let i = 0; i < 64; i++) {
      const round = i >> 4
      const mixed = round === 0 ? b & c | ~b & d : round === 1 ? b & d | c & ~d : round === 2 ? b ^ c ^ d : c ^ (b | ~d)
      const word = block[(round === 0 ? i : round === 1 ? 5 * i + 1 : round === 2 ? 3 * i + 5 : 7 * i) & 15]!
      const sum = a + mixed + word + sines[i]! | 0
      const turn = turns[round << 2 | i & 3]!
      a = d
      d = c
      c = b
      b = b + (sum << turn | sum >>> 32 - turn) | 0
    }
    words[0] = words[0]! + a
    words[1] = words[1]! + b
    words[2] = words[2]! + c
    words[3] = words[3]! + d
  }
}
