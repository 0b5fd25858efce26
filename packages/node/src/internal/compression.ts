import type { Compression, CompressionType } from "@effect-rocketmq/client/Compression"
import { CompressionError } from "@effect-rocketmq/client/Compression"
import * as Frames from "@effect-rocketmq/protocol/CompressionType"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Zlib from "node:zlib"
import type { Codec } from "./codec.js"
import * as Codecs from "./codec.js"
import * as Deflater from "./deflater.js"
import * as Lz4 from "./lz4.js"

/** Up to here a codec is quicker than a trip to its thread and back; above, it would hold up the event loop. */
const SYNC_LIMIT = 256 * 1024

type Operation = CompressionError["operation"]

const failure = (
  type: CompressionType,
  operation: Operation,
  reason: "Corrupt" | "Unavailable",
  cause?: unknown
): CompressionError => new CompressionError({ type, operation, reason, cause })

const tooLarge = (type: CompressionType, limit: number, cause?: unknown): CompressionError =>
  new CompressionError({ type, operation: "Decompress", reason: "TooLarge", limit, cause })

const isTooLarge = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE"

const inflate = (bytes: Uint8Array, maxSize: number): Effect.Effect<Uint8Array, CompressionError> => {
  const options = { maxOutputLength: Codecs.outputLimit(maxSize) }
  const onError = (cause: unknown) =>
    isTooLarge(cause) ? tooLarge("ZLIB", maxSize, cause) : failure("ZLIB", "Decompress", "Corrupt", cause)
  return bytes.length <= SYNC_LIMIT
    ? Effect.try({ try: () => Codecs.plain(Zlib.inflateSync(bytes, options)), catch: onError })
    : Effect.tryPromise({ try: () => Codecs.promised((done) => Zlib.inflate(bytes, options, done)), catch: onError })
}

/** A codec that is loaded when the first body needs it; afterwards it is at hand without a turn of the event loop. */
const lazy = (
  type: CompressionType,
  load: () => Promise<Codec>
): (operation: Operation) => Effect.Effect<Codec, CompressionError> => {
  let loaded: Effect.Effect<Codec> | undefined
  return (operation) =>
    Effect.suspend((): Effect.Effect<Codec, CompressionError> =>
      loaded ?? Effect.tryPromise({
        try: async () => {
          const codec = await load()
          loaded = Effect.succeed(codec)
          return codec
        },
        catch: (cause) => failure(type, operation, "Unavailable", cause)
      })
    )
}

/** The frames and what each may become; `TooLarge` before anything is allocated when that is sure to be over the ceiling. */
const framesOf = (
  type: CompressionType,
  bytes: Uint8Array,
  maxSize: number
): Either.Either<ReadonlyArray<Frames.Frame>, CompressionError> => {
  const frames = Frames.frames(type, bytes)
  if (frames === undefined) return Either.left(failure(type, "Decompress", "Corrupt"))
  const total = (of: "sizeAtLeast" | "sizeBound") => frames.reduce((sum, frame) => sum + frame[of], 0)
  if (total("sizeAtLeast") > maxSize) return Either.left(tooLarge(type, maxSize))
  if (total("sizeBound") <= maxSize || type !== "LZ4") return Either.right(frames)
  // the bound of LZ4 is loose and its native codec has no ceiling: measure
  try {
    const measured = frames.map((frame) => {
      const size = Lz4.sizeOf(bytes.subarray(frame.from, frame.to))
      return { ...frame, sizeAtLeast: size, sizeBound: size }
    })
    return measured.reduce((sum, frame) => sum + frame.sizeBound, 0) > maxSize
      ? Either.left(tooLarge(type, maxSize))
      : Either.right(measured)
  } catch (cause) {
    return Either.left(failure(type, "Decompress", "Corrupt", cause))
  }
}

/** Decodes frame after frame; no frame gets more room than the ceiling leaves. */
const decodeFrames = (
  type: CompressionType,
  codec: Codec,
  bytes: Uint8Array,
  frames: ReadonlyArray<Frames.Frame>,
  maxSize: number
): Effect.Effect<Uint8Array, CompressionError> => {
  const parts: Array<Uint8Array> = []
  let left = maxSize
  // whether the frame at hand might not fit into the room it was given
  let isClamped = false
  const bounded = (frame: Frames.Frame) => {
    isClamped = frame.sizeBound > left
    if (frame.sizeAtLeast > left) throw new RangeError(`frame of at least ${frame.sizeAtLeast} bytes`)
    return { bytes: bytes.subarray(frame.from, frame.to), sizeBound: Math.min(frame.sizeBound, left) }
  }
  const add = (part: Uint8Array) => {
    parts.push(part)
    left -= part.length
  }
  const whole = () => parts.length === 1 ? parts[0]! : Codecs.plain(Buffer.concat(parts))
  const onError = (cause: unknown) =>
    isClamped ? tooLarge(type, maxSize, cause) : failure(type, "Decompress", "Corrupt", cause)
  const decompressAsync = codec.decompressAsync
  const isLarge = bytes.length > SYNC_LIMIT || frames.some((frame) => frame.sizeBound > SYNC_LIMIT)
  return isLarge && decompressAsync !== undefined
    ? Effect.tryPromise({
      try: async () => {
        for (const frame of frames) add(await decompressAsync(bounded(frame)))
        return whole()
      },
      catch: onError
    })
    : Effect.try({
      try: () => {
        for (const frame of frames) add(codec.decompress(bounded(frame)))
        return whole()
      },
      catch: onError
    })
}

const encodeFrame = (
  type: CompressionType,
  codec: Codec,
  bytes: Uint8Array,
  level: number
): Effect.Effect<Uint8Array, CompressionError> => {
  const { compress, compressAsync } = codec
  const onError = (cause: unknown) => failure(type, "Compress", "Unavailable", cause)
  if (compress === undefined) return Effect.fail(onError(undefined))
  return bytes.length > SYNC_LIMIT && compressAsync !== undefined
    ? Effect.tryPromise({ try: () => compressAsync(bytes, level), catch: onError })
    : Effect.try({ try: () => compress(bytes, level), catch: onError })
}

export const crc32 = (bytes: Uint8Array): number => Zlib.crc32(bytes)

export const make = (
  loadZstd: () => Promise<Codec> = Codecs.loadZstd,
  loadLz4: () => Promise<Codec> = Codecs.loadLz4
): Context.Tag.Service<Compression> => {
  const codecs = { ZSTD: lazy("ZSTD", loadZstd), LZ4: lazy("LZ4", loadLz4) }
  const deflate = Deflater.make()
  return {
    decompress: (type, bytes, maxSize) =>
      Effect.suspend(() => {
        if (type === "ZLIB") return inflate(bytes, maxSize)
        const frames = framesOf(type, bytes, maxSize)
        return Either.isLeft(frames)
          ? Effect.fail(frames.left)
          : Effect.flatMap(
            codecs[type]("Decompress"),
            (codec) => decodeFrames(type, codec, bytes, frames.right, maxSize)
          )
      }),
    compress: (type, bytes, level) =>
      Effect.suspend(() =>
        type === "ZLIB"
          ? Effect.mapError(deflate(bytes, level), (cause) => failure("ZLIB", "Compress", "Unavailable", cause))
          : Effect.flatMap(codecs[type]("Compress"), (codec) => encodeFrame(type, codec, bytes, level))
      ),
    crc32
  }
}
