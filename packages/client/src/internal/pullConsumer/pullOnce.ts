/**
 * One pull without a group's membership: the subscription travels with the request.
 */
import type { MessageExt, UndecodableRecord } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { Broker } from "../../Broker.js"
import type { BrokerError } from "../../BrokerError.js"
import { BrokerNotAvailableError } from "../../BrokerError.js"
import { Compression } from "../../Compression.js"
import { OffsetOutOfRangeError } from "../../ConsumerError.js"
import * as MessageSelector from "../../MessageSelector.js"
import { NameServer } from "../../NameServer.js"
import type { NameServerError } from "../../NameServerError.js"
import type { Pulled, PullOptions } from "../../PullConsumer.js"
import * as Subscription from "../../Subscription.js"
import { InvalidSelectorError } from "../../SubscriptionError.js"
import * as Handler from "../consumer/handler.js"

/** A group that all brokers have. */
const TOOLS = "TOOLS_CONSUMER"

/** Beyond the time that the broker holds a pull: its scan of 5 s, and the way. */
const SLACK = 15_000

/** See PullConsumer.pull. */
export const pullOnce = (
  queue: MessageQueue,
  offset: bigint,
  options?: PullOptions
): Effect.Effect<
  Pulled,
  BrokerError | NameServerError | OffsetOutOfRangeError | InvalidSelectorError,
  Broker | NameServer | Compression
> =>
  Effect.gen(function*() {
    const broker = yield* Broker
    const nameServer = yield* NameServer
    const group = options?.group ?? TOOLS
    const selector = options?.selector ?? MessageSelector.all
    const problem = MessageSelector.problem(selector)
    const { brokerName, queueId, topic } = queue
    if (problem !== undefined) {
      const text = `"${MessageSelector.expression(selector)}"`
      return yield* new InvalidSelectorError({ group, topic, selector: text, problem })
    }
    const subscription = Subscription.make(topic, selector, 0)
    const inflate = Handler.inflater(yield* Compression, options?.maxDecompressedSize ?? 32 * 1024 * 1024)
    const addresses = (yield* nameServer.route(topic)).brokers.get(brokerName)
    const address = addresses?.get(0) ?? addresses?.values().next().value
    if (address === undefined) {
      return yield* new BrokerNotAvailableError({ reason: "NotInRoute", brokerName, group })
    }
    const suspendTimeout = Duration.toMillis(options?.wait ?? 0)
    const result = yield* broker.pull(address, {
      group,
      topic,
      brokerName,
      queueId,
      offset,
      maxMessages: options?.max ?? 32,
      commitOffset: Option.none(),
      suspendTimeout,
      subVersion: 0,
      subscription: {
        expressionType: selector._tag === "Sql" ? "SQL92" : "TAG",
        expression: MessageSelector.expression(selector)
      }
    }, suspendTimeout + SLACK)
    const { maxOffset, minOffset } = result
    if (result.status === "OffsetIllegal") {
      return yield* new OffsetOutOfRangeError({ group, queue, offset, min: minOffset, max: maxOffset })
    }
    const messages: Array<MessageExt> = []
    const undecodable: Array<UndecodableRecord> = [...result.undecodable]
    for (const message of result.messages) {
      if (message.queueOffset < offset || subscription.wants?.(message) === false) continue
      if (!SysFlag.isCompressed(message.sysFlag)) {
        messages.push(message)
        continue
      }
      const plain = yield* Effect.either(inflate(message))
      if (Either.isRight(plain)) messages.push(plain.right)
      else {
        undecodable.push({ reason: plain.left.reason, bytes: message.body, queueOffset: message.queueOffset })
      }
    }
    return { messages, nextOffset: result.nextBeginOffset, minOffset, maxOffset, undecodable }
  })
