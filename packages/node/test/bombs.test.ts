import type { CompressionType } from "@effect-rocketmq/client/Compression"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Zlib from "node:zlib"
import { loadZstd, plainLz4 } from "../src/internal/codec.js"
import * as internal from "../src/internal/compression.js"

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => Uint8Array.from(Buffer.concat(parts))

const MiB = 1024 * 1024

/** 256 MiB of zeros, made from parts without ever having them. */
const bombs: Readonly<Record<CompressionType, Uint8Array>> = {
  ZLIB: (() => {
    const part = Zlib.deflateRawSync(Buffer.alloc(MiB), { finishFlush: Zlib.constants.Z_FULL_FLUSH })
    return concat([Uint8Array.of(0x78, 0x9c), ...Array.from({ length: 256 }, () => part)])
  })(),
  LZ4: (() => {
    // one literal, then a match of 4 MiB less the last five bytes, which are literals
    const match = 4 * MiB - 1 - 5 - 4 - 15
    const long = new Uint8Array(Math.floor(match / 255) + 1).fill(255)
    long[long.length - 1] = match % 255
    const block = concat([Uint8Array.of(0x1f, 0, 1, 0), long, Uint8Array.of(0x50, 0, 0, 0, 0, 0)])
    const size = new Uint8Array(4)
    new DataView(size.buffer).setUint32(0, block.length, true)
    const blocks = Array.from({ length: 64 }, () => concat([size, block]))
    return concat([Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73), ...blocks, new Uint8Array(4)])
  })(),
  ZSTD: (() => {
    const header = (128 * 1024 << 3) | 2
    const blocks = Array.from({ length: 2048 }, (_, i) => {
      const word = header | (i === 2047 ? 1 : 0)
      return Uint8Array.of(word & 255, (word >> 8) & 255, (word >> 16) & 255, 0)
    })
    return concat([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58), ...blocks])
  })()
}

// memory is measured: one after the other
describe.sequential("bodies of 256 MiB of zeros", () => {
  for (
    const [name, codecs] of [["native", internal.make()], [
      "plain",
      internal.make(loadZstd, () => Promise.resolve(plainLz4))
    ]] as const
  ) {
    for (const type of ["ZLIB", "LZ4", "ZSTD"] as const) {
      it.effect(`are refused by the ${name} codec of ${type}`, () =>
        Effect.gen(function*() {
          yield* codecs.decompress(type, yield* internal.make().compress(type, new Uint8Array(5000), 5), MiB)
          const before = process.memoryUsage().rss
          const error = yield* Effect.flip(codecs.decompress(type, bombs[type], 32 * MiB))
          assert.strictEqual(error.reason, "TooLarge")
          assert.isBelow((process.memoryUsage().rss - before) / MiB, 64)
        }))
    }
  }

  it.effect("would be whole without the ceiling", () =>
    Effect.gen(function*() {
      const codecs = internal.make(loadZstd, () => Promise.resolve(plainLz4))
      const error = yield* Effect.flip(codecs.decompress("LZ4", bombs.LZ4, 256 * MiB - 1))
      assert.strictEqual(error.reason, "TooLarge")
      const short = bombs.ZSTD.subarray(0, bombs.ZSTD.length - 4)
      assert.strictEqual((yield* Effect.flip(codecs.decompress("ZSTD", short, 256 * MiB))).reason, "Corrupt")
    }))
})
