/**
 * Compressed bodies with the codecs of Node. zlib is built in. zstd is built in from Node 22.15 on, and WebAssembly
 * before. LZ4 is the optional native package `lz4-napi`; where it does not load, LZ4 bodies can be read but not written.
 *
 * @since 0.1.0
 */
import { Compression } from "@effect-rocketmq/client/Compression"
import * as Layer from "effect/Layer"
import * as internal from "./internal/compression.js"

/**
 * The codecs. They are loaded when the first body needs them.
 *
 * No body becomes larger than the caller's ceiling, and none is allocated beyond it: the headers of LZ4 and zstd frames tell
 * how much they can become, zlib stops at the ceiling. Bodies up to 256 KiB are decoded at once; larger ones on another
 * thread where the codec has one (not the WebAssembly of zstd). The level of LZ4 is fixed: it ignores the one asked for.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: () => Compression["Type"] = internal.make

/**
 * The same as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Compression> = Layer.sync(Compression, make)

/**
 * The CRC-32 of zlib: several times as fast as `Crc32` of protocol.
 *
 * @since 0.1.0
 * @category combinators
 */
export const crc32: (bytes: Uint8Array) => number = internal.crc32
