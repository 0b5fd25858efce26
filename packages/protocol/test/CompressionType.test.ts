import * as CompressionType from "@effect-rocketmq/protocol/CompressionType"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { concat, vector } from "./support.js"

const u32 = (value: number) => Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24)

const zstdFrame = (descriptor: ReadonlyArray<number>, blocks: ReadonlyArray<Uint8Array>, tail = 0) =>
  concat([u32(0xfd2fb528), Uint8Array.from(descriptor), ...blocks, new Uint8Array(tail)])

const zstdBlock = (type: number, size: number, last: boolean, stored = size) => {
  const header = (size << 3) | (type << 1) | (last ? 1 : 0)
  return concat([Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16), new Uint8Array(stored)])
}

const lz4Block = (size: number, raw: boolean, checksum = 0) =>
  concat([u32(raw ? (size | 0x80000000) >>> 0 : size), new Uint8Array(size + checksum)])

const lz4Frame = (flags: number, code: number, rest: ReadonlyArray<Uint8Array>) =>
  concat([u32(0x184d2204), Uint8Array.of(flags, code << 4), ...rest])

const skippable = concat([u32(0x184d2a53), u32(5), new Uint8Array(5)])

describe("CompressionType", () => {
  it("is in the flags as Java writes it", () => {
    for (const [name, type] of [["zlib", "ZLIB"], ["lz4", "LZ4"], ["zstd", "ZSTD"]] as const) {
      const { decoded } = vector("compression", `compress-${name}`)
      assert.strictEqual(CompressionType.fromSysFlag(decoded.sysFlag), type)
      assert.strictEqual(CompressionType.toSysFlag(type), decoded.sysFlag)
    }
    assert.strictEqual(CompressionType.fromSysFlag(0x1), "ZLIB")
    for (const unknown of [0x401, 0x501, 0x601, 0x701]) {
      assert.strictEqual(CompressionType.fromSysFlag(unknown), undefined)
    }
  })

  it("bounds streams of the Java codecs", () => {
    for (const [name, type] of [["lz4", "LZ4"], ["zstd", "ZSTD"]] as const) {
      const { bytes, decoded } = vector("compression", `compress-${name}`)
      assert.isAtLeast(CompressionType.sizeBound(type, bytes)!, decoded.plain.length)
      assert.isAtMost(CompressionType.sizeBound(type, bytes)!, 128 * 1024)
    }
    assert.strictEqual(CompressionType.sizeBound("ZLIB", vector("compression", "compress-zlib").bytes), undefined)
  })

  it("adds up the blocks of zstd", () => {
    const window = 0x50 // 1 MiB
    const blocks = [zstdBlock(0, 7, false), zstdBlock(1, 100_000, false, 1), zstdBlock(2, 30, true)]
    const size = 7 + 100_000 + 131_072
    assert.strictEqual(CompressionType.sizeBound("ZSTD", zstdFrame([0, window], blocks)), size)
    assert.strictEqual(CompressionType.frames("ZSTD", zstdFrame([0, window], blocks))![0]!.sizeAtLeast, 100_007)
    assert.strictEqual(CompressionType.sizeBound("ZSTD", zstdFrame([4, window], blocks, 4)), size, "checksum")
    assert.strictEqual(
      CompressionType.sizeBound("ZSTD", zstdFrame([3, window, 0, 0, 0, 0], blocks)),
      size,
      "dictionary"
    )
    const small = CompressionType.sizeBound("ZSTD", zstdFrame([0, 0], [zstdBlock(2, 30, true)]))
    assert.strictEqual(small, 1024, "a block is no larger than the window")
    assert.strictEqual(CompressionType.sizeBound("ZSTD", zstdFrame([0x20, 200], [zstdBlock(2, 9, true)])), 200)
    assert.strictEqual(CompressionType.sizeBound("ZSTD", zstdFrame([0x60, 0, 1], [zstdBlock(2, 9, true)])), 512)
    assert.strictEqual(CompressionType.sizeBound("ZSTD", zstdFrame([0xa0, 9, 0, 0, 0], [zstdBlock(2, 9, true)])), 9)
  })

  it("adds up the blocks of LZ4", () => {
    const end = u32(0)
    const header = new Uint8Array(1)
    const blocks = (checksum: number) => [lz4Block(1000, true, checksum), lz4Block(10_000, false, checksum), end]
    assert.strictEqual(CompressionType.sizeBound("LZ4", lz4Frame(0x60, 4, [header, ...blocks(0)])), 1000 + 65536)
    assert.strictEqual(CompressionType.sizeBound("LZ4", lz4Frame(0x70, 7, [header, ...blocks(4)])), 1000 + 2_550_000)
    assert.strictEqual(CompressionType.sizeBound("LZ4", lz4Frame(0x64, 4, [header, ...blocks(0), end])), 1000 + 65536)
    const sized = lz4Frame(0x68, 4, [u32(5000), u32(0), header, ...blocks(0)])
    assert.strictEqual(CompressionType.sizeBound("LZ4", sized), 5000)
  })

  it("adds up frames, skippable ones too", () => {
    const lz4 = vector("compression", "compress-lz4").bytes
    const zstd = vector("compression", "compress-zstd").bytes
    for (const [type, bytes] of [["LZ4", lz4], ["ZSTD", zstd]] as const) {
      const one = CompressionType.sizeBound(type, bytes)!
      assert.strictEqual(CompressionType.sizeBound(type, concat([bytes, skippable, bytes])), 2 * one)
      const second = bytes.length + skippable.length
      assert.deepStrictEqual(CompressionType.frames(type, concat([bytes, skippable, bytes])), [
        { from: 0, to: bytes.length, sizeAtLeast: 0, sizeBound: one },
        { from: second, to: second + bytes.length, sizeAtLeast: 0, sizeBound: one }
      ])
    }
  })

  it("gives no bound for what is not whole", () => {
    const lz4 = vector("compression", "compress-lz4").bytes
    const zstd = vector("compression", "compress-zstd").bytes
    for (const [type, bytes] of [["LZ4", lz4], ["ZSTD", zstd]] as const) {
      for (let cut = 1; cut <= bytes.length; cut++) {
        assert.strictEqual(CompressionType.sizeBound(type, bytes.subarray(0, bytes.length - cut)), undefined)
      }
      assert.strictEqual(CompressionType.sizeBound(type, concat([bytes, new Uint8Array(3)])), undefined)
    }
    assert.strictEqual(CompressionType.sizeBound("LZ4", zstd), undefined)
  })

  it("takes no declared size that the blocks cannot hold", () => {
    const zstd = zstdFrame([0xa0, 0, 0, 0, 0x40], [zstdBlock(0, 9, true)])
    assert.strictEqual(CompressionType.sizeBound("ZSTD", zstd), undefined)
    const lz4 = lz4Frame(0x68, 4, [u32(0), u32(1), new Uint8Array(1), lz4Block(9, true), u32(0)])
    assert.strictEqual(CompressionType.sizeBound("LZ4", lz4), undefined)
  })

  it.prop("never throws", {
    bytes: fc.uint8Array({ maxLength: 40 }),
    magic: fc.constantFrom(0xfd2fb528, 0x184d2204, 0x184d2a50)
  }, ({ bytes, magic }) => {
    for (const type of ["LZ4", "ZSTD"] as const) {
      CompressionType.sizeBound(type, concat([u32(magic), bytes]))
    }
  })
})
