/**
 * A topic and the selector of what is wanted of it, as brokers are told and as the client checks it.
 *
 * @since 0.1.0
 */
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { SubscriptionData } from "@effect-rocketmq/protocol/SubscriptionData"
import * as MessageSelector from "./MessageSelector.js"

/**
 * One topic of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subscription {
  readonly topic: string
  readonly selector: MessageSelector.MessageSelector
  /** Milliseconds; what a pull refers to. */
  readonly version: number
  /** What a heartbeat says about it. Brokers filter by the hashes of the tags, not by their names. */
  readonly data: SubscriptionData
  /**
   * Whether a message is wanted, tags compared exactly: brokers let through what merely has the same hash. `undefined`
   * when everything that a broker sends is wanted.
   */
  readonly wants: ((message: MessageExt) => boolean) | undefined
}

/**
 * `version` in milliseconds: brokers keep the highest that any member of the group told them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (topic: string, selector: MessageSelector.MessageSelector, version: number): Subscription => {
  const tags = selector._tag === "Tags" ? selector.tags : []
  const set = new Set(tags)
  return {
    topic,
    selector,
    version,
    data: {
      topic,
      subString: MessageSelector.expression(selector),
      tagsSet: tags,
      codeSet: tags.map(JavaHash.hashCode),
      subVersion: BigInt(version),
      expressionType: selector._tag === "Sql" ? "SQL92" : "TAG",
      classFilterMode: false
    },
    wants: selector._tag === "Tags"
      ? (message) => {
        const tag = message.tags
        return tag !== undefined && set.has(tag)
      }
      : undefined
  }
}
