/**
 * Bodies of the bench contract: u32 kind, u32 number, 8 bytes for the sender's clock, filler; big-endian.
 *
 * @since 0.1.0
 */

/**
 * `MEASURED` messages count; `OTHER` ones are warm-up, probes and fences.
 *
 * @since 0.1.0
 * @category models
 */
export const MEASURED = 0

/**
 * @since 0.1.0
 * @category models
 */
export const OTHER = 1

/**
 * Makes bodies of one size. Each one is a copy: a client may keep it until it is sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const maker = (size: number): (kind: number, number: number, clock?: number) => Uint8Array => {
  const filler = Buffer.alloc(size)
  for (let i = 16, x = 1; i < size; i++) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff
    filler[i] = 33 + (x >> 16) % 90
  }
  return (kind, number, clock = 0) => {
    const bytes = Buffer.from(filler)
    bytes.writeUInt32BE(kind, 0)
    bytes.writeUInt32BE(number, 4)
    bytes.writeDoubleBE(clock, 8)
    return bytes
  }
}

const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) * 0x1000000) + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))

/**
 * @since 0.1.0
 * @category combinators
 */
export const isMeasured = (bytes: Uint8Array): boolean => u32(bytes, 0) === MEASURED

/**
 * @since 0.1.0
 * @category combinators
 */
export const numberOf = (bytes: Uint8Array): number => u32(bytes, 4)

/**
 * The sender's clock in microseconds.
 *
 * @since 0.1.0
 * @category combinators
 */
export const clockOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(8)
