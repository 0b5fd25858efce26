/**
 * What became of the messages that a consumer had when it stopped.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type { OffsetError } from "./ConsumerError.js"

/**
 * A message as a receipt names it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receipted {
  readonly topic: string
  readonly queue: MessageQueue
  readonly offset: bigint
  readonly msgId: string
  readonly keys: ReadonlyArray<string>
}

/**
 * What became of the messages that a consumer had when it stopped. Those that are abandoned come again, and no others do,
 * unless `uncommitted` names their queue.
 *
 * @since 0.1.0
 * @category models
 */
export interface StopReceipt {
  readonly group: string
  /** In the hands of handlers when the stop began, and settled before it ended: consumed, or given back to the broker. */
  readonly finished: ReadonlyArray<Receipted>
  /** Where each queue goes on. */
  readonly committed: ReadonlyArray<readonly [MessageQueue, bigint]>
  /** The queues whose offset could not be written: what was finished since the last commit comes again. */
  readonly uncommitted: ReadonlyArray<OffsetError>
  /** `isBegun`: a handler had it, and was cut off. Others were pulled and never handled. */
  readonly abandoned: ReadonlyArray<Receipted & { readonly isBegun: boolean }>
  /** Finished messages behind an abandoned one of their queue: a commit cannot tell of them, so they come again, too. */
  readonly repeated: number
}
