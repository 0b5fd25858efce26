import { Compression } from "@effect-rocketmq/client/Compression"
import type { CompressionType } from "@effect-rocketmq/client/Compression"
import * as NodeCompression from "@effect-rocketmq/node/NodeCompression"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc } from "effect"
import * as Fs from "node:fs"
import { builtInZstd, loadZstd, plainLz4 } from "../src/internal/codec.js"
import * as internal from "../src/internal/compression.js"

const vectors: ReadonlyArray<any> = JSON.parse(
  Fs.readFileSync(new URL("../../protocol/test/vectors/compression.json", import.meta.url), "utf8")
)

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => Uint8Array.from(Buffer.concat(parts))

const MiB = 1024 * 1024

const native = internal.make()

const withoutNative = internal.make(loadZstd, () => Promise.resolve(plainLz4))

const types: ReadonlyArray<CompressionType> = ["ZLIB", "LZ4", "ZSTD"]

const text = bytesOf("RocketMQ compress ".repeat(500))

/** Noise and runs: blocks of every kind. */
const large = (() => {
  const bytes = new Uint8Array(MiB)
  let seed = 1
  for (let i = 0; i < bytes.length; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    bytes[i] = i % 5000 < 3000 ? seed >>> 24 : i >> 12
  }
  return bytes
})()

// work for the processor alone: side by side the tests would only wait for each other
describe.sequential("NodeCompression", () => {
  for (const vector of vectors) {
    const type: CompressionType = vector.name.replace("compress-", "").toUpperCase()
    it.effect(`reads ${type} of the Java client`, () =>
      Effect.gen(function*() {
        for (const codecs of [yield* Compression, withoutNative]) {
          const plain = yield* codecs.decompress(type, Uint8Array.from(Buffer.from(vector.hex, "hex")), MiB)
          assert.strictEqual(new TextDecoder().decode(plain), vector.decoded.plain)
        }
      }).pipe(Effect.provide(NodeCompression.layer)))
  }

  for (const type of types) {
    it.effect(`reads what it wrote as ${type}`, () =>
      Effect.gen(function*() {
        for (const bytes of [new Uint8Array(0), bytesOf("x"), text, large]) {
          const compressed = yield* native.compress(type, bytes, 5)
          for (const codecs of [native, withoutNative]) {
            const plain = yield* codecs.decompress(type, compressed, MiB)
            assert.strictEqual(Buffer.compare(plain, bytes), 0)
            assert.strictEqual(plain.constructor, Uint8Array)
          }
        }
        assert.isBelow((yield* native.compress(type, text, 5)).length, text.length / 10)
      }))

    it.effect(`lets ${type} become as large as the ceiling, and no larger`, () =>
      Effect.gen(function*() {
        for (const bytes of [text, large]) {
          const compressed = yield* native.compress(type, bytes, 5)
          for (const codecs of [native, withoutNative]) {
            assert.strictEqual((yield* codecs.decompress(type, compressed, bytes.length)).length, bytes.length)
            const error = yield* Effect.flip(codecs.decompress(type, compressed, bytes.length - 1))
            assert.strictEqual(error.reason, "TooLarge", error.message)
            assert.strictEqual(error.limit, bytes.length - 1)
          }
        }
      }))

    it.effect(`refuses what is no ${type}`, () =>
      Effect.gen(function*() {
        const compressed = yield* native.compress(type, text, 5)
        for (
          const bytes of [new Uint8Array(0), bytesOf("no stream at all"), compressed.subarray(0, compressed.length - 3)]
        ) {
          for (const codecs of [native, withoutNative]) {
            const error = yield* Effect.flip(codecs.decompress(type, bytes, MiB))
            assert.strictEqual(error.reason, "Corrupt", error.message)
          }
        }
      }))

    it.effect.prop(`never dies of broken ${type}`, {
      changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
    }, ({ changes }) =>
      Effect.gen(function*() {
        const compressed = (yield* native.compress(type, text.subarray(0, 2000), 5)).slice()
        for (const [at, value] of changes) compressed[at % compressed.length] = value
        for (const codecs of [native, withoutNative]) {
          const result = yield* Effect.either(codecs.decompress(type, compressed, MiB))
          if (result._tag === "Right") assert.isAtMost(result.right.length, MiB)
        }
      }), { fastCheck: { numRuns: 20 } })
  }

  it.effect("reads several frames, and skips those that are to be skipped", () =>
    Effect.gen(function*() {
      const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9)
      for (const type of ["LZ4", "ZSTD"] as const) {
        const one = yield* native.compress(type, text, 5)
        for (const codecs of [native, withoutNative]) {
          const plain = yield* codecs.decompress(type, concat([skippable, one, skippable, one]), MiB)
          assert.strictEqual(Buffer.compare(plain, concat([text, text])), 0)
          const error = yield* Effect.flip(codecs.decompress(type, concat([one, one]), text.length * 2 - 1))
          assert.strictEqual(error.reason, "TooLarge")
        }
      }
    }))

  it.effect("reads LZ4 with checksums and dependent blocks without the native codec", () =>
    Effect.gen(function*() {
      // flags: version 1, dependent blocks, block checksums, content checksum
      const frame = Uint8Array.of(
        ...[0x04, 0x22, 0x4d, 0x18, 0x54, 0x40, 0],
        ...[6, 0, 0, 0x80, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 1, 1, 1, 1],
        // a match of 6 reaching back into the block before, then one literal
        ...[5, 0, 0, 0, 0x02, 6, 0, 0x10, 0x21, 2, 2, 2, 2],
        ...[0, 0, 0, 0, 3, 3, 3, 3]
      )
      const plain = yield* withoutNative.decompress("LZ4", frame, 100)
      assert.strictEqual(new TextDecoder().decode(plain), "abcdefabcdef!")
      frame[4] = 0x74
      const error = yield* Effect.flip(withoutNative.decompress("LZ4", frame, 100))
      assert.strictEqual(error.reason, "Corrupt", "independent blocks must not reach back")
    }))

  it.effect("says that LZ4 cannot be written without the native codec", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(withoutNative.compress("LZ4", text, 5))
      assert.strictEqual(error.reason, "Unavailable")
      assert.match(error.message, /optional codec package/)
    }))

  it.effect("says that a codec does not load, and tries again for the next body", () =>
    Effect.gen(function*() {
      let attempts = 0
      const codecs = internal.make(() => {
        attempts++
        return attempts === 1 ? Promise.reject(new Error("no such file")) : loadZstd()
      })
      const error = yield* Effect.flip(codecs.compress("ZSTD", text, 5))
      assert.strictEqual(error.reason, "Unavailable")
      yield* codecs.compress("ZSTD", text, 5)
      yield* codecs.compress("ZSTD", text, 5)
      assert.strictEqual(attempts, 2)
    }))

  it.effect("gives zstd of newer Nodes the ceiling and the level", () =>
    Effect.gen(function*() {
      const calls: Array<unknown> = []
      const sync = (bytes: Uint8Array, options: object) => {
        calls.push(options)
        return Buffer.from(bytes)
      }
      const async = (bytes: Uint8Array, options: object, done: (error: Error | null, result: Buffer) => void) => {
        calls.push(options)
        done(null, Buffer.from(bytes))
      }
      const codecs = internal.make(() =>
        Promise.resolve(builtInZstd({
          zstdCompressSync: sync,
          zstdDecompressSync: sync,
          zstdCompress: async,
          zstdDecompress: async,
          constants: { ZSTD_c_compressionLevel: 100 }
        }))
      )
      const small = yield* native.compress("ZSTD", text, 5)
      yield* codecs.compress("ZSTD", text, 3)
      yield* codecs.compress("ZSTD", large, 4)
      yield* codecs.decompress("ZSTD", small, MiB)
      assert.deepStrictEqual(calls, [
        { params: { 100: 3 } },
        { params: { 100: 4 } },
        { maxOutputLength: text.length }
      ])
    }))

  it("has the checksum of brokers", () => {
    assert.strictEqual(native.crc32(bytesOf("Hello")) & 0x7fffffff, 2010220930)
  })
})
