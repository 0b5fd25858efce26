/** Steps within a power of two: a percentile is off by at most 1/16. */
const STEPS = 16

const bucketOf = (micros: number): number => {
  if (micros < STEPS) return micros
  const exponent = 31 - Math.clz32(micros)
  return ((exponent - 3) << 4) + ((micros >>> (exponent - 4)) & (STEPS - 1))
}

/** The largest value that falls into a bucket. */
const upperBound = (bucket: number): number => {
  if (bucket < STEPS) return bucket
  const exponent = (bucket >> 4) + 3
  return (2 ** (exponent - 4)) * (STEPS + (bucket & (STEPS - 1)) + 1) - 1
}

/** The longest duration that is told apart, in microseconds: about half an hour. */
const LONGEST = 0x7fffffff

/**
 * How long things took, in constant space: adding one is a few machine instructions.
 *
 * @internal
 */
export class Latencies {
  count = 0
  max = 0
  private readonly buckets = new Uint32Array(bucketOf(LONGEST) + 1)

  /** In milliseconds. */
  add(millis: number): void {
    const micros = millis >= LONGEST / 1000 ? LONGEST : millis <= 0 ? 0 : (millis * 1000) | 0
    this.buckets[bucketOf(micros)]!++
    this.count++
    if (millis > this.max) this.max = millis
  }

  /** In milliseconds: what `quantile` (0 to 1) of them did not exceed; 0 when there are none. */
  quantile(quantile: number): number {
    const wanted = Math.max(1, Math.ceil(this.count * quantile))
    let seen = 0
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      seen += this.buckets[bucket]!
      if (seen >= wanted) return Math.min(this.max, upperBound(bucket) / 1000)
    }
    return 0
  }
}
