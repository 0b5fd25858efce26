/**
 * LZ4 frames in plain code, for where the native codec does not load. Every read and write is checked, so that hostile
 * bytes end in a RangeError. Checksums inside the frame are skipped: messages carry one of their own.
 */

class Corrupt extends RangeError {
  constructor(reason: string) {
    super(`corrupt LZ4 block: ${reason}`)
  }
}

/** Reads the bytes that continue a length of 15: up to the first that is not 255. Returns the position behind them. */
const longLength = (bytes: Uint8Array, at: number, end: number): { readonly at: number; readonly more: number } => {
  let more = 0
  for (;;) {
    if (at >= end) throw new Corrupt("a length does not end")
    const byte = bytes[at++]!
    more += byte
    if (byte !== 255) return { at, more }
  }
}

/**
 * Decodes the block of `[start, end)` to `out` from `written` on, up to `limit`; matches may reach back to `from`. Without
 * `out` the size alone is found. Returns the position behind what was written.
 */
const decodeBlock = (
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array | undefined,
  from: number,
  written: number,
  limit: number
): number => {
  let at = start
  let to = written
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >> 4
    if (literals === 15) {
      const long = longLength(bytes, at, end)
      at = long.at
      literals += long.more
    }
    if (literals > end - at || literals > limit - to) throw new Corrupt("literals are too long")
    out?.set(bytes.subarray(at, at + literals), to)
    at += literals
    to += literals
    // the last sequence has no match
    if (at === end) return to
    if (end - at < 2) throw new Corrupt("a match offset is cut")
    const offset = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    let match = token & 15
    if (match === 15) {
      const long = longLength(bytes, at, end)
      at = long.at
      match += long.more
    }
    match += 4
    if (offset === 0 || offset > to - from) throw new Corrupt("a match reaches back too far")
    if (match > limit - to) throw new Corrupt("a match is too long")
    if (out === undefined) {
      to += match
      continue
    }
    if (offset >= match) {
      out.copyWithin(to, to - offset, to - offset + match)
    } else {
      // the match overlaps what it writes: it repeats
      for (let i = 0; i < match; i++) out[to + i] = out[to + i - offset]!
    }
    to += match
  }
  throw new Corrupt("it ends with a match")
}

/** The size of one frame, or its content in `out`. The frame's headers are known to be whole. */
const walk = (bytes: Uint8Array, out: Uint8Array | undefined): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = bytes[4]!
  if ((flags & 0x01) !== 0) throw new RangeError("the LZ4 frame needs a dictionary")
  const maxBlock = 1 << (8 + 2 * ((bytes[5]! >> 4) & 7))
  const independent = (flags & 0x20) !== 0
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0
  const limit = out === undefined ? Infinity : out.length
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0)
  let to = 0
  for (;;) {
    const block = view.getUint32(at, true)
    at += 4
    if (block === 0) return to
    const size = block & 0x7fffffff
    if (block > 0x7fffffff) {
      if (size > limit - to) throw new Corrupt("it is larger than its frame declares")
      out?.set(bytes.subarray(at, at + size), to)
      to += size
    } else {
      to = decodeBlock(bytes, at, at + size, out, independent ? to : 0, to, Math.min(to + maxBlock, limit))
    }
    at += size + blockChecksum
  }
}

/** Exactly how many bytes a frame decompresses to: a walk over its sequences, without allocating any of them. */
export const sizeOf = (bytes: Uint8Array): number => walk(bytes, undefined)

/** Decodes a frame of which {@link sizeOf} is at most `sizeBound`. */
export const decodeFrame = (bytes: Uint8Array, sizeBound: number): Uint8Array => {
  const out = new Uint8Array(sizeBound)
  const size = walk(bytes, out)
  return size === sizeBound ? out : out.subarray(0, size)
}
