/**
 * What a group has given up: its dead-letter topic `%DLQ%group` as a Stream, and the way back.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type * as Duration from "effect/Duration"
import * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { Broker, StoreResult } from "./Broker.js"
import type { BrokerError } from "./BrokerError.js"
import type { DeadLetterError } from "./DeadLetterError.js"
import * as internal from "./internal/deadLetters.js"
import type { NameServer } from "./NameServer.js"
import type { NameServerError } from "./NameServerError.js"

/**
 * A message that a group gave up.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeadLetter {
  readonly group: string
  /** The topic that it was sent to. */
  readonly topic: string
  /** The id that its producer gave it. */
  readonly msgId: string
  /** Its place among the dead letters. */
  readonly queue: MessageQueue
  readonly offset: bigint
  /** The message as it is stored: its body may be compressed, its topic is the dead-letter topic. */
  readonly message: MessageExt
}

/**
 * Where reading begins and ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadOptions {
  /**
   * Brokers before 5 make dead-letter topics write-only. `true` gives the topic the permission to read, for good; otherwise
   * reading such a topic fails. Default `false`.
   */
  readonly makeReadable?: boolean | undefined
  /** The first offset of each queue that is wanted. Default: the oldest that the broker has. */
  readonly from?: ReadonlyArray<readonly [MessageQueue, bigint]> | undefined
  /**
   * Goes on with what comes later, looked for with these pauses; also on brokers that have none yet. Default: ends where the
   * topic ends when reading begins.
   */
  readonly follow?: Duration.DurationInput | undefined
}

/**
 * How messages are given another chance.
 *
 * @since 0.1.0
 * @category models
 */
export interface RedriveOptions extends ReadOptions {
  /** Which ones. Default: all. */
  readonly filter?: ((letter: DeadLetter) => boolean) | undefined
  /** Most messages a second. Default: no limit. */
  readonly rate?: number | undefined
  /** Sends nothing and says what would be sent. Default `false`. */
  readonly dryRun?: boolean | undefined
  /**
   * `"group"`, the default: to the group that gave the message up, and to no other, by way of its retry topic. Its
   * consumers see the topic that the message was sent to. `"topic"`: to that topic, and so to all groups of it.
   */
  readonly to?: "group" | "topic" | undefined
}

/**
 * What became of one dead letter.
 *
 * @since 0.1.0
 * @category models
 */
export type Redriven =
  | { readonly _tag: "Sent"; readonly letter: DeadLetter; readonly to: MessageQueue; readonly stored: StoreResult }
  /** The dry run got this far. */
  | { readonly _tag: "WouldSend"; readonly letter: DeadLetter }
  | { readonly _tag: "Filtered"; readonly letter: DeadLetter }
  /** It is where it was. `outcome` Unknown: it may be sent as well. */
  | {
    readonly _tag: "Failed"
    readonly letter: DeadLetter
    readonly outcome: "Refused" | "Unknown"
    readonly cause: BrokerError | NameServerError
  }

/**
 * The dead letters of a group, queue by queue, oldest first. A group that never gave up a message has none. Reading leaves
 * them where they are.
 *
 * @example
 * import { DeadLetters } from "@effect-rocketmq/client"
 * import { Console, Stream } from "effect"
 *
 * export const list = DeadLetters.stream("billing", { makeReadable: true }).pipe(
 *   Stream.runForEach(({ msgId, topic }) => Console.log(`${topic} ${msgId}`))
 * )
 *
 * @since 0.1.0
 * @category streams
 */
export const stream: (
  group: string,
  options?: ReadOptions
) => Stream.Stream<DeadLetter, DeadLetterError, NameServer | Broker> = internal.stream

/**
 * Sends dead letters once more, each under its own id, with its keys, tag and properties, and with no attempts counted.
 * They stay among the dead letters until the broker's retention ends, so a second run sends them again: go on from
 * {@link Summary} `next`. A message that cannot be sent is in the Stream and does not end it.
 *
 * @example
 * import { DeadLetters } from "@effect-rocketmq/client"
 * import { Stream } from "effect"
 *
 * export const again = DeadLetters.redrive("billing", {
 *   makeReadable: true,
 *   filter: ({ message }) => message.tags === "refund",
 *   rate: 50
 * }).pipe(Stream.run(DeadLetters.summary))
 *
 * @since 0.1.0
 * @category streams
 */
export const redrive: (
  group: string,
  options?: RedriveOptions
) => Stream.Stream<Redriven, DeadLetterError, NameServer | Broker> = internal.redrive

/**
 * @since 0.1.0
 * @category models
 */
export interface Summary {
  readonly sent: number
  readonly wouldSend: number
  readonly filtered: number
  readonly failed: number
  /** Behind the last one of each queue, up to the first that failed: where another run goes on. */
  readonly next: ReadonlyArray<readonly [MessageQueue, bigint]>
}

/**
 * Counts what a redrive did.
 *
 * @since 0.1.0
 * @category streams
 */
export const summary: Sink.Sink<Summary, Redriven> = Sink.map(
  Sink.foldLeft(internal.noTally, internal.count),
  internal.summaryOf
)
