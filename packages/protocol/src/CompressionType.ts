/**
 * How bodies are compressed, and how large they can become: known before anything is allocated.
 *
 * @since 0.1.0
 */
import * as Bound from "./internal/sizeBound.js"
import * as SysFlag from "./SysFlag.js"

/**
 * `ZLIB` is an RFC 1950 stream, `LZ4` the LZ4 frame format, `ZSTD` a zstd frame.
 *
 * @since 0.1.0
 * @category models
 */
export type CompressionType = "ZLIB" | "LZ4" | "ZSTD"

/**
 * The format that the bits of a `sysFlag` name; meant for bodies of which `SysFlag.isCompressed` holds. Type 0 is zlib, as
 * 4.x and Go clients write it. `undefined` for a format of the future: the body cannot be read.
 *
 * @since 0.1.0
 * @category combinators
 */
export const fromSysFlag = (sysFlag: number): CompressionType | undefined => {
  switch (sysFlag & SysFlag.COMPRESSION_TYPE_MASK) {
    case 0x0:
    case 0x300:
      return "ZLIB"
    case 0x100:
      return "LZ4"
    case 0x200:
      return "ZSTD"
    default:
      return undefined
  }
}

/**
 * The bits of a `sysFlag` that say: compressed, in this format.
 *
 * @since 0.1.0
 * @category combinators
 */
export const toSysFlag = (type: CompressionType): number =>
  SysFlag.COMPRESSED_FLAG | (type === "ZLIB" ? 0x300 : type === "LZ4" ? 0x100 : 0x200)

/**
 * One frame of an `LZ4` or `ZSTD` stream, found by the headers of its blocks.
 *
 * @since 0.1.0
 * @category models
 */
export interface Frame {
  /** Where it starts in the stream. */
  readonly from: number
  /** Where it ends: the position behind its last byte. */
  readonly to: number
  /** At least how many bytes it decompresses to. */
  readonly sizeAtLeast: number
  /** At most how many bytes it decompresses to. */
  readonly sizeBound: number
}

/**
 * The frames of a stream, without the skippable ones; nothing is decoded or allocated. `undefined` for `ZLIB`, which has
 * no frames, and when the bytes are no whole sequence of frames, which no decoder will take either.
 *
 * The bounds are loose for small blocks: 128 KiB (or the window, if smaller) for each compressed block of `ZSTD`, the
 * declared block size or 255 times its bytes for one of `LZ4`. They are exact where the frame declares its size.
 *
 * @since 0.1.0
 * @category combinators
 */
export const frames = (type: CompressionType, bytes: Uint8Array): ReadonlyArray<Frame> | undefined => {
  switch (type) {
    case "ZLIB":
      return undefined
    case "LZ4":
      return Bound.frames(bytes, Bound.lz4)
    case "ZSTD":
      return Bound.frames(bytes, Bound.zstd)
  }
}

/**
 * At most how many bytes these decompress to: the sum over their {@link frames}, known before anything is allocated.
 * `undefined` when the headers do not say it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sizeBound = (type: CompressionType, bytes: Uint8Array): number | undefined =>
  frames(type, bytes)?.reduce((sum, frame) => sum + frame.sizeBound, 0)
