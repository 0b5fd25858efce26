/**
 * Compressed bodies: zlib, LZ4 frames and zstd, as the Java client writes them. The codecs come from the platform.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/**
 * The formats of sysFlag bits 0x700.
 *
 * @since 0.1.0
 * @category models
 */
export type CompressionType = "ZLIB" | "LZ4" | "ZSTD"

/**
 * A body could not be compressed or decompressed. `TooLarge`: the plain body would be over the ceiling and was refused
 * before it was allocated. `Unavailable`: this platform has no codec of this format.
 *
 * @since 0.1.0
 * @category errors
 */
export class CompressionError extends Data.TaggedError("CompressionError")<{
  readonly type: CompressionType
  readonly operation: "Compress" | "Decompress"
  readonly reason: "TooLarge" | "Corrupt" | "Unavailable"
  /** The ceiling in bytes, for `TooLarge`. */
  readonly limit?: number | undefined
  readonly cause?: unknown
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    const what = `${this.operation === "Compress" ? "Compressing" : "Decompressing"} a ${this.type} body failed`
    switch (this.reason) {
      case "TooLarge":
        return `${what}: it would be larger than ${this.limit} bytes. Raise maxDecompressedSize if such bodies are meant.`
      case "Corrupt":
        return `${what}: the bytes are no ${this.type} stream.`
      case "Unavailable":
        return `${what}: this platform has no ${this.type} codec. ` +
          `Install the optional codec package of the platform's layer, or use ZLIB.`
    }
  }
}

/**
 * Codecs of the platform. A codec that can work at once does so (`Effect.sync`); large inputs may go elsewhere.
 *
 * @since 0.1.0
 * @category services
 */
export class Compression extends Context.Tag("@effect-rocketmq/client/Compression")<Compression, {
  /** The plain bytes; refused with `TooLarge` when they would be over `maxSize` bytes. */
  readonly decompress: (
    type: CompressionType,
    bytes: Uint8Array,
    maxSize: number
  ) => Effect.Effect<Uint8Array, CompressionError>
  /** `level` 1 (fast) to 9 (small); Java's default is 5. */
  readonly compress: (
    type: CompressionType,
    bytes: Uint8Array,
    level: number
  ) => Effect.Effect<Uint8Array, CompressionError>
  /** CRC-32 of the bytes, unsigned. */
  readonly crc32: (bytes: Uint8Array) => number
}>() {}
