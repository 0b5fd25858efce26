/**
 * Everything that is sent to a topic, read by a consumer that is no member of any group.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as PullConsumer from "@effect-rocketmq/client/PullConsumer"
import * as Topics from "@effect-rocketmq/client/Topic"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Effect from "effect/Effect"
import * as Inbox from "../Inbox.js"
import type { CollectOptions } from "../TestCluster.js"

const start = (group: string, topic: string, options: CollectOptions | undefined) =>
  Effect.gen(function*() {
    const consumer = yield* PullConsumer.make({
      group,
      consumeFrom: options?.from ?? "first",
      autoCommit: false,
      shutdownTimeout: 0
    })
    yield* consumer.assign(yield* consumer.queuesOf(topic), options?.selector ?? MessageSelector.all)
    yield* consumer.ready
    return consumer
  }).pipe(Effect.catchTags({
    // the options are ours, and the group is nobody else's
    ConsumerConfigError: Effect.die,
    ConsumerValidationError: Effect.die,
    ConsumerStateError: Effect.die,
    ConsumerShutdownError: Effect.die,
    ConsumerStartError: Effect.die,
    GroupAlreadyRegisteredError: Effect.die,
    SubscribeError: Effect.die,
    InvalidTopicError: Effect.die,
    InvalidSelectorError: Effect.die
  }))

const fill = <R>(
  consumer: PullConsumer.PullConsumer["Type"],
  each: (message: MessageExt) => Effect.Effect<void, never, R>
) =>
  consumer.poll("10 seconds").pipe(
    Effect.flatMap((messages) => Effect.forEach(messages, each, { discard: true })),
    Effect.forever,
    // it ends with the test
    Effect.catchTags({ ConsumerStateError: () => Effect.void, ConsumerShutdownError: () => Effect.void }),
    Effect.tapErrorCause((cause) => Effect.logError("Collecting messages for a test failed", cause)),
    Effect.forkScoped
  )

export const collect = (group: string, topic: string, options: CollectOptions | undefined) =>
  Effect.gen(function*() {
    const consumer = yield* start(group, topic, options)
    const inbox = Inbox.make<MessageExt>()
    yield* fill(consumer, inbox.offer)
    return inbox
  })

export const collectTyped = <A, I, R>(
  group: string,
  topic: Topics.Topic<A, I, R>,
  options: CollectOptions | undefined
) =>
  Effect.gen(function*() {
    const consumer = yield* start(group, topic.name, options)
    const inbox = Inbox.make<A>()
    yield* fill(consumer, (message) =>
      Topics.decode(topic, message).pipe(
        Effect.flatMap(inbox.offer),
        Effect.catchTag("TopicDecodeError", (error) => Effect.logWarning(error.message))
      ))
    return inbox
  })
