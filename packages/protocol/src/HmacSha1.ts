/**
 * HMAC-SHA1 in plain code, for where the platform brings none that answers at once: requests are signed with it.
 *
 * @since 0.1.0
 */

const BLOCK = 64

/** SHA-1 over bytes that come in parts. */
const digest = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0])
  const words = new Int32Array(80)
  const block = new Uint8Array(BLOCK)
  let filled = 0
  let length = 0

  const compress = (bytes: Uint8Array, at: number): void => {
    for (let i = 0; i < 16; i++) {
      const from = at + 4 * i
      words[i] = bytes[from]! << 24 | bytes[from + 1]! << 16 | bytes[from + 2]! << 8 | bytes[from + 3]!
    }
    for (let i = 16; i < 80; i++) {
      const word = words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!
      words[i] = word << 1 | word >>> 31
    }
    let a = state[0]!
    let b = state[1]!
    let c = state[2]!
    let d = state[3]!
    let e = state[4]!
    for (let i = 0; i < 80; i++) {
      const mixed = i < 20
        ? (b & c | ~b & d) + 0x5a827999
        : i < 40
        ? (b ^ c ^ d) + 0x6ed9eba1
        : i < 60
        ? (b & c | b & d | c & d) + 0x8f1bbcdc
        : (b ^ c ^ d) + 0xca62c1d6
      const next = (a << 5 | a >>> 27) + mixed + e + words[i]! | 0
      e = d
      d = c
      c = b << 30 | b >>> 2
      b = a
      a = next
    }
    state[0] = state[0]! + a
    state[1] = state[1]! + b
    state[2] = state[2]! + c
    state[3] = state[3]! + d
    state[4] = state[4]! + e
  }
  const add = (bytes: Uint8Array): void => {
    length += bytes.length
    let at = 0
    if (filled > 0) {
      at = Math.min(bytes.length, BLOCK - filled)
      block.set(bytes.subarray(0, at), filled)
      filled += at
      if (filled < BLOCK) return
      compress(block, 0)
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) compress(bytes, at)
    block.set(bytes.subarray(at))
    filled = bytes.length - at
  }

  for (const part of parts) add(part)
  const bits = length * 8
  const end = new Uint8Array((filled < 56 ? 56 : 120) - filled + 8)
  end[0] = 0x80
  new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(bits))
  add(end)
  const out = new Uint8Array(20)
  const view = new DataView(out.buffer)
  state.forEach((word, i) => view.setInt32(4 * i, word))
  return out
}

/**
 * The 20 bytes that authenticate a content under a key. The content may come in parts, which are read one after the other.
 *
 * @example
 * import { HmacSha1 } from "@effect-rocketmq/protocol"
 *
 * const bytes = (text: string) => new TextEncoder().encode(text)
 * const signature = HmacSha1.sign(bytes("12345678"), [bytes("rocketmq2"), bytes("{}")])
 *
 * assert.strictEqual(btoa(String.fromCharCode(...signature)), "rSstUKkrER5aSJ6DGS3kFVeNxfw=")
 *
 * @since 0.1.0
 * @category combinators
 */
export const sign = (key: Uint8Array, content: ReadonlyArray<Uint8Array>): Uint8Array => {
  const short = key.length > BLOCK ? digest([key]) : key
  const inner = new Uint8Array(BLOCK).fill(0x36)
  const outer = new Uint8Array(BLOCK).fill(0x5c)
  for (let i = 0; i < short.length; i++) {
    inner[i] = inner[i]! ^ short[i]!
    outer[i] = outer[i]! ^ short[i]!
  }
  return digest([outer, digest([inner, ...content])])
}
