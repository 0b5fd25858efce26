/**
 * `String.hashCode` of Java, by which brokers and clients compare tags and choose queues.
 *
 * @since 0.1.0
 */

/**
 * The hash of a text: h = 31 h + unit over UTF-16 code units, with the overflow of signed 32-bit numbers.
 *
 * @example
 * import { hashCode } from "@effect-rocketmq/protocol/JavaHash"
 * import { strictEqual } from "node:assert"
 *
 * strictEqual(hashCode("TagA"), 2598919)
 *
 * @since 0.1.0
 * @category combinators
 */
export const hashCode = (text: string): number => {
  let hash = 0
  for (let i = 0; i < text.length; i++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  }
  return hash
}
