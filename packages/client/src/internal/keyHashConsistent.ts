/**
 * Guava's `Hashing.consistentHash`: of the keys of n queues, a further queue takes over one in n + 1, and no other moves.
 */

// state = state · 2862933555777941757 + 1 in 64 bits, here as two halves: BigInt would allocate
const HIGH = 0x27bb2ee6
const LOW = 0x87b0b0fd
const LOW_LOW = LOW & 0xffff
const LOW_HIGH = LOW >>> 16

/** The upper half of `low` · LOW, both unsigned. */
const carried = (low: number): number => {
  const a = low & 0xffff
  const b = low >>> 16
  const first = a * LOW_HIGH + (a * LOW_LOW >>> 16)
  const second = b * LOW_LOW + (first & 0xffff)
  return b * LOW_HIGH + (first >>> 16) + (second >>> 16)
}

/** The bucket of a signed 32-bit number, from 0. */
export const bucket = (input: number, buckets: number): number => {
  let low = input | 0
  let high = low >> 31
  let candidate = 0
  while (true) {
    high = carried(low) + Math.imul(low, HIGH) + Math.imul(high, LOW) | 0
    low = Math.imul(low, LOW) + 1 | 0
    if (low === 0) high = high + 1 | 0
    // a fraction of 31 bits; the largest overflows to -1 in Java, which ends the search
    const fraction = ((high >>> 1) + 1 | 0) / 0x80000000
    const next = Math.trunc((candidate + 1) / fraction)
    if (next < 0 || next >= buckets) return candidate
    candidate = next
  }
}
