/**
 * Compressed bodies with the codecs of Node. zlib is built in. zstd is built in from Node 22.15 on, and WebAssembly
 * before. LZ4 is the optional native package `lz4-napi`; where it does not load, LZ4 bodies can be read but not written.
 *
 * @since 0.1.0
 */
export * as NodeCompression from "./NodeCompression.js"

/**
 * HMAC-SHA1 of Node, for signed requests: faster with large bodies than the client's own.
 *
 * @since 0.1.0
 */
export * as NodeHmac from "./NodeHmac.js"

/**
 * Offsets of a broadcasting consumer in a file of this machine, where the Java client keeps them.
 *
 * @since 0.1.0
 */
export * as NodeOffsetStore from "./NodeOffsetStore.js"

/**
 * Everything that a program on Node needs, in one Layer: the client's services over TCP, with all codecs.
 *
 * @since 0.1.0
 */
export * as NodeRocketMQ from "./NodeRocketMQ.js"

/**
 * TCP connections over `node:net`.
 *
 * @since 0.1.0
 */
export * as NodeTransport from "./NodeTransport.js"
