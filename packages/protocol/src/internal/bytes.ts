/**
 * Places in bytes: views of them, and big-endian integers written there without a `DataView`, which costs more to make than
 * all the numbers of a record to write.
 */

/** As `subarray`, which costs twice as much. */
export const range = (bytes: Uint8Array, from: number, size: number): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + from, size)

export const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export const put32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** 64 bits of a whole number, which is exact up to 2^53, or of a bigint. */
export const put64 = (bytes: Uint8Array, at: number, value: number | bigint): void => {
  if (typeof value === "number") {
    const high = Math.floor(value / 4294967296)
    put32(bytes, at, high)
    put32(bytes, at + 4, value - high * 4294967296)
  } else {
    put32(bytes, at, Number(BigInt.asIntN(32, value >> 32n)))
    put32(bytes, at + 4, Number(BigInt.asIntN(32, value)))
  }
}
