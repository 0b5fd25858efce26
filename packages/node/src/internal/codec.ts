import * as Zlib from "node:zlib"
import * as Lz4 from "./lz4.js"

/** A frame, and how large its plain bytes may become: what the codec may allocate. */
export interface Bounded {
  readonly bytes: Uint8Array
  readonly sizeBound: number
}

/** A codec of frames. The asynchronous forms are there when the library has a thread for them. */
export interface Codec {
  readonly decompress: (frame: Bounded) => Uint8Array
  readonly decompressAsync: ((frame: Bounded) => Promise<Uint8Array>) | undefined
  /** `undefined`: this codec only reads. */
  readonly compress: ((bytes: Uint8Array, level: number) => Uint8Array) | undefined
  readonly compressAsync: ((bytes: Uint8Array, level: number) => Promise<Uint8Array>) | undefined
}

/** A plain view: `slice` of a Buffer is a view where that of a Uint8Array is a copy, and bodies promise the latter. */
export const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** zlib's own limit must be positive, and no larger than a Buffer can be. */
export const outputLimit = (limit: number): number => Math.max(1, Math.min(limit, 0x7fffffff))

type Callback = (error: Error | null, result: Buffer) => void

/** What Node's zlib has of zstd since 22.15; absent before. */
interface BuiltInZstd {
  readonly zstdCompressSync: (bytes: Uint8Array, options: object) => Buffer
  readonly zstdDecompressSync: (bytes: Uint8Array, options: object) => Buffer
  readonly zstdCompress: (bytes: Uint8Array, options: object, callback: Callback) => void
  readonly zstdDecompress: (bytes: Uint8Array, options: object, callback: Callback) => void
  readonly constants: { readonly ZSTD_c_compressionLevel: number }
}

/** A call of Node's callback style, as a promise of plain bytes. */
export const promised = (run: (callback: Callback) => void): Promise<Uint8Array> =>
  new Promise((resolve, reject) => run((error, result) => error === null ? resolve(plain(result)) : reject(error)))

/** The codec of a runtime that has zstd in its zlib. */
export const builtInZstd = (zlib: BuiltInZstd): Codec => {
  const decompressOptions = (frame: Bounded) => ({ maxOutputLength: outputLimit(frame.sizeBound) })
  const compressOptions = (level: number) => ({ params: { [zlib.constants.ZSTD_c_compressionLevel]: level } })
  return {
    decompress: (frame) => plain(zlib.zstdDecompressSync(frame.bytes, decompressOptions(frame))),
    decompressAsync: (frame) => promised((done) => zlib.zstdDecompress(frame.bytes, decompressOptions(frame), done)),
    compress: (bytes, level) => plain(zlib.zstdCompressSync(bytes, compressOptions(level))),
    compressAsync: (bytes, level) => promised((done) => zlib.zstdCompress(bytes, compressOptions(level), done))
  }
}

const hasZstd = (zlib: object): zlib is BuiltInZstd => "zstdDecompressSync" in zlib

// the module holds one instance, and a second `init` breaks the first
let initialized: Promise<void> | undefined

const wasmZstd = async (): Promise<Codec> => {
  const wasm = await import("@bokuweb/zstd-wasm")
  initialized ??= wasm.init().catch((cause) => {
    initialized = undefined
    throw cause
  })
  await initialized
  return {
    // 1: an allocation of nothing is no address
    decompress: ({ bytes, sizeBound }) => wasm.decompress(bytes, { defaultHeapSize: Math.max(1, sizeBound) }),
    decompressAsync: undefined,
    compress: (bytes, level) => wasm.compress(bytes, level),
    compressAsync: undefined
  }
}

export const loadZstd = (): Promise<Codec> => hasZstd(Zlib) ? Promise.resolve(builtInZstd(Zlib)) : wasmZstd()

/** Reads LZ4 without the optional package. */
export const plainLz4: Codec = {
  decompress: ({ bytes, sizeBound }) => Lz4.decodeFrame(bytes, sizeBound),
  decompressAsync: undefined,
  compress: undefined,
  compressAsync: undefined
}

const nativeLz4 = async (): Promise<Codec> => {
  const native = await import("lz4-napi")
  return {
    decompress: ({ bytes }) => plain(native.decompressFrameSync(buffer(bytes))),
    decompressAsync: ({ bytes }) => native.decompressFrame(bytes).then(plain),
    compress: (bytes) => plain(native.compressFrameSync(buffer(bytes))),
    compressAsync: (bytes) => native.compressFrame(bytes).then(plain)
  }
}

export const loadLz4 = (): Promise<Codec> => nativeLz4().catch(() => plainLz4)
