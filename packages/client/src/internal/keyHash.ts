/**
 * How clients make the index of a queue out of a key. `test/vectors/keyHash.json` has what they themselves chose.
 */
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import type { Dialect } from "../MessageQueueSelector.js"
import { bucket } from "./keyHashConsistent.js"
import { Md5 } from "./keyHashMd5.js"
import { Utf8Buffer } from "./keyHashUtf8.js"

/** One client's way, in two steps: the first is done once for a key that many messages share. Neither allocates. */
export interface KeyHasher {
  /** A signed 32-bit number, which engines keep without a box. */
  readonly digest: (key: string) => number
  readonly index: (digest: number, queues: number) => number
  /** Whether the empty text is a key. If not, messages with it go to any queue. */
  readonly takesEmpty: boolean
}

/** Of a signed number: the sign of the remainder is dropped, not that of the number. */
const magnitude = (digest: number, queues: number): number => Math.abs(digest % queues)

const unsigned = (digest: number, queues: number): number => (digest >>> 0) % queues

/** FNV-1a of 32 bits over UTF-8. */
const fnv1a = (): KeyHasher["digest"] => {
  const utf8 = new Utf8Buffer()
  return (key) => {
    const length = utf8.write(key, 0)
    const { bytes } = utf8
    let hash = 0x811c9dc5 | 0
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    return hash
  }
}

/** The first four bytes of the MD5 digest, the highest first. */
const md5 = (): KeyHasher["digest"] => {
  const hasher = new Md5()
  return (key) => {
    hasher.digest(key)
    const word = hasher.words[0]!
    return word << 24 | (word & 0xff00) << 8 | word >> 8 & 0xff00 | word >>> 24
  }
}

const hashers: { readonly [D in Dialect]: () => KeyHasher } = {
  java: () => ({ digest: JavaHash.hashCode, index: magnitude, takesEmpty: true }),
  "java-consistent": () => ({ digest: JavaHash.hashCode, index: bucket, takesEmpty: false }),
  // as on 64-bit machines, where Go's int holds the whole hash; on others it turns negative
  go: () => ({ digest: fnv1a(), index: unsigned, takesEmpty: false }),
  "ali-ons": () => ({ digest: md5(), index: unsigned, takesEmpty: false })
}

/** A hasher with buffers of its own. */
export const make = (dialect: Dialect): KeyHasher => hashers[dialect]()
