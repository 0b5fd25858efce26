/**
 * CRC-32 (IEEE) in plain code, for where the platform brings none: brokers store it with every body.
 *
 * @since 0.1.0
 */

// Slicing by 4: one table for each byte of a word, so that four bytes cost one step.
const tables: ReadonlyArray<Int32Array> = (() => {
  const first = new Int32Array(256)
  for (let i = 0; i < 256; i++) {
    let crc = i
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    first[i] = crc
  }
  const all = [first]
  for (let t = 1; t < 4; t++) {
    const before = all[t - 1]!
    all.push(Int32Array.from(before, (crc) => first[crc & 0xff]! ^ (crc >>> 8)))
  }
  return all
})()

const [t0, t1, t2, t3] = [tables[0]!, tables[1]!, tables[2]!, tables[3]!]

/**
 * The CRC-32 of the bytes, unsigned.
 *
 * @since 0.1.0
 * @category combinators
 */
export const hash = (bytes: Uint8Array): number => {
  const length = bytes.length
  const whole = length & ~3
  let crc = -1
  let i = 0
  for (; i < whole; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!
  }
  for (; i < length; i++) crc = t0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/**
 * The CRC as messages carry it (`bodyCRC`): the lower 31 bits.
 *
 * @since 0.1.0
 * @category combinators
 */
export const body = (bytes: Uint8Array): number => hash(bytes) & 0x7fffffff
