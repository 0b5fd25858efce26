import type { Frame } from "../CompressionType.js"

/** A walk over the headers of one frame: where the frame ends and how large its content can be. */
type Walk = (view: DataView, at: number) => Frame | undefined

const LZ4_MAGIC = 0x184d2204
const ZSTD_MAGIC = 0xfd2fb528
const ZSTD_MAX_BLOCK = 128 * 1024

/** All frames but the skippable ones; `undefined` when something is no frame, or ends in its middle. */
export const frames = (bytes: Uint8Array, walk: Walk): ReadonlyArray<Frame> | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found: Array<Frame> = []
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < 8) return undefined
    if (view.getUint32(at, true) >>> 4 === 0x184d2a5) {
      // skippable, in both formats
      at += 8 + view.getUint32(at + 4, true)
      if (at > bytes.length) return undefined
      continue
    }
    const frame = walk(view, at)
    if (frame === undefined || frame.to > bytes.length) return undefined
    found.push(frame)
    at = frame.to
  }
  return found.length > 0 ? found : undefined
}

/** A frame that declares more than its blocks can hold is corrupt; trusting it would allocate what it asks for. */
const frameOf = (
  from: number,
  to: number,
  sizeAtLeast: number,
  sizeBound: number,
  declared: number
): Frame | undefined => {
  if (declared === Infinity) return { from, to, sizeAtLeast, sizeBound }
  return declared < sizeAtLeast || declared > sizeBound
    ? undefined
    : { from, to, sizeAtLeast: declared, sizeBound: declared }
}

export const lz4: Walk = (view, start) => {
  const length = view.byteLength
  if (view.getUint32(start, true) !== LZ4_MAGIC) return undefined
  const flags = view.getUint8(start + 4)
  const code = (view.getUint8(start + 5) >> 4) & 7
  if (flags >> 6 !== 1 || code < 4) return undefined
  const maxBlock = 1 << (8 + 2 * code)
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0
  const hasSize = (flags & 0x08) !== 0
  let at = start + 6
  let declared = Infinity
  if (hasSize) {
    if (at + 8 > length) return undefined
    declared = view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296
    at += 8
  }
  // dictionary id, header checksum
  at += ((flags & 0x01) !== 0 ? 4 : 0) + 1
  let known = 0
  let size = 0
  for (;;) {
    if (at + 4 > length) return undefined
    const block = view.getUint32(at, true)
    at += 4
    if (block === 0) break
    const stored = block & 0x7fffffff
    if (stored > maxBlock) return undefined
    // a byte of a compressed block stands for at most 255
    if (block > 0x7fffffff) known += stored
    size += block > 0x7fffffff ? stored : Math.min(maxBlock, stored * 255)
    at += stored + blockChecksum
  }
  return frameOf(start, at + ((flags & 0x04) !== 0 ? 4 : 0), known, size, declared)
}

const zstdContentSize = (view: DataView, at: number, bytes: number): number => {
  switch (bytes) {
    case 0:
      return Infinity
    case 1:
      return view.getUint8(at)
    case 2:
      return view.getUint16(at, true) + 256
    case 4:
      return view.getUint32(at, true)
    default:
      return view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296
  }
}

export const zstd: Walk = (view, start) => {
  const length = view.byteLength
  if (view.getUint32(start, true) !== ZSTD_MAGIC) return undefined
  const flags = view.getUint8(start + 4)
  if ((flags & 0x08) !== 0) return undefined
  const single = (flags & 0x20) !== 0
  const sizeBytes = flags >> 6 === 0 ? (single ? 1 : 0) : 1 << (flags >> 6)
  const dictionaryBytes = (flags & 3) === 3 ? 4 : flags & 3
  let at = start + 5
  let window = 0
  if (!single) {
    const descriptor = view.getUint8(at)
    at += 1
    const base = 2 ** (10 + (descriptor >> 3))
    window = base + (base / 8) * (descriptor & 7)
  }
  at += dictionaryBytes
  if (at + sizeBytes > length) return undefined
  const declared = zstdContentSize(view, at, sizeBytes)
  at += sizeBytes
  if (single) window = declared
  const maxBlock = Math.min(window, ZSTD_MAX_BLOCK)
  let known = 0
  let size = 0
  for (;;) {
    if (at + 3 > length) return undefined
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    at += 3
    const type = (header >> 1) & 3
    const stored = header >> 3
    if (type === 3) return undefined
    // raw and run-length blocks say their size
    if (type !== 2) known += stored
    size += type === 2 ? maxBlock : stored
    at += type === 1 ? 1 : stored
    if ((header & 1) !== 0) break
  }
  return frameOf(start, at + ((flags & 4) !== 0 ? 4 : 0), known, size, declared)
}
