/**
 * MD5 (RFC 1321) of texts, for the clients that choose queues by it. The platform's own is Node's, or asynchronous.
 */
import { Utf8Buffer } from "./keyHashUtf8.js"

/** floor(2^32 · |sin(i)|) for i from 1 to 64. */
const sines = Int32Array.of(
  0xd76aa478,
  0xe8c7b756,
  0x242070db,
  0xc1bdceee,
  0xf57c0faf,
  0x4787c62a,
  0xa8304613,
  0xfd469501,
  0x698098d8,
  0x8b44f7af,
  0xffff5bb1,
  0x895cd7be,
  0x6b901122,
  0xfd987193,
  0xa679438e,
  0x49b40821,
  0xf61e2562,
  0xc040b340,
  0x265e5a51,
  0xe9b6c7aa,
  0xd62f105d,
  0x02441453,
  0xd8a1e681,
  0xe7d3fbc8,
  0x21e1cde6,
  0xc33707d6,
  0xf4d50d87,
  0x455a14ed,
  0xa9e3e905,
  0xfcefa3f8,
  0x676f02d9,
  0x8d2a4c8a,
  0xfffa3942,
  0x8771f681,
  0x6d9d6122,
  0xfde5380c,
  0xa4beea44,
  0x4bdecfa9,
  0xf6bb4b60,
  0xbebfbc70,
  0x289b7ec6,
  0xeaa127fa,
  0xd4ef3085,
  0x04881d05,
  0xd9d4d039,
  0xe6db99e5,
  0x1fa27cf8,
  0xc4ac5665,
  0xf4292244,
  0x432aff97,
  0xab9423a7,
  0xfc93a039,
  0x655b59c3,
  0x8f0ccc92,
  0xffeff47d,
  0x85845dd1,
  0x6fa87e4f,
  0xfe2ce6e0,
  0xa3014314,
  0x4e0811a1,
  0xf7537e82,
  0xbd3af235,
  0x2ad7d2bb,
  0xeb86d391
)

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
