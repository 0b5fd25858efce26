import * as CompressionType from "@effect-rocketmq/protocol/CompressionType"
import type { Message } from "@effect-rocketmq/protocol/Message"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { Broker } from "../Broker.js"
import { Client } from "../Client.js"
import { Compression, type CompressionError } from "../Compression.js"
import * as FaultTolerance from "../FaultTolerance.js"
import { NameServer } from "../NameServer.js"
import type { Options, Producer, SendOptions } from "../Producer.js"
import type { BatchMixedTopicError, SendError } from "../ProducerError.js"
import { MessageValidationError, ProducerStartError } from "../ProducerError.js"
import type { SendReceipt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"
import * as Outgoings from "./outgoing.js"
import { settingsOf } from "./producerSettings.js"
import * as ProducerTopics from "./producerTopics.js"
import * as Sender from "./sender.js"
import { supervised } from "./supervised.js"

/** @internal */
export const make = (
  options: Options
): Effect.Effect<
  Producer["Type"],
  ProducerStartError,
  Client | NameServer | Broker | Compression | Scope.Scope
> =>
  Effect.gen(function*() {
    const settings = yield* settingsOf(options)
    const { compression, group, maxMessageSize } = settings
    const client = yield* Client
    const nameServer = yield* NameServer
    const broker = yield* Broker
    const codecs = yield* Compression
    const clock = yield* Effect.clock
    const scope = yield* Effect.scope
    const seed = yield* Random.nextIntBetween(1, 0x7fffffff)

    yield* client.registerProducer({ group }).pipe(
      Effect.mapError((cause) => new ProducerStartError({ group, option: "group", problem: "is taken", cause }))
    )
    // closed after the sender: what waits for a broker is served until then
    const background = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const faults = FaultTolerance.make(settings.faultTolerance)
    const topics = ProducerTopics.make({ settings, client, nameServer, faults, clock, background, seed })
    const sender = Sender.make({ settings, broker, topics, clock })
    yield* nameServer.onChange(({ topic }) => {
      if (topics.get(topic) !== undefined) sender.reconsider()
    })
    yield* Effect.forkIn(Effect.interruptible(supervised("The line of waiting messages", sender.run)), background)
    yield* Effect.addFinalizer(() => sender.close)

    const prepare = (message: Message): Outgoing | MessageValidationError => {
      const problem = topics.get(message.topic) === undefined
        ? Outgoings.problemOf(message, maxMessageSize)
        : Outgoings.bodyProblem(message, maxMessageSize)
      if (problem !== undefined) return problem
      const properties = Outgoings.encodeProperties(message)
      if (typeof properties !== "string") return properties
      const uniqueKey = client.nextUniqueKey()
      return {
        message,
        uniqueKey,
        body: message.body,
        sysFlag: 0,
        properties: Outgoings.withUniqueKey(properties, uniqueKey),
        isBatch: false
      }
    }

    const compress = (out: Outgoing): Effect.Effect<Outgoing, CompressionError> =>
      compression === undefined ? Effect.succeed(out) : Effect.map(
        codecs.compress(compression.type, out.body, compression.level),
        (body) =>
          body.length < out.body.length
            ? { ...out, body, sysFlag: CompressionType.toSysFlag(compression.type) }
            : out
      )

    const threshold = compression?.threshold ?? Infinity

    const send = (message: Message, options?: SendOptions): Effect.Effect<SendReceipt, SendError> =>
      Effect.uninterruptibleMask((restore) => {
        const out = prepare(message)
        if (out instanceof MessageValidationError) return Effect.fail(out)
        return out.body.length < threshold
          ? sender.send(restore, out, options)
          : Effect.flatMap(restore(compress(out)), (compressed) => sender.send(restore, compressed, options))
      })

    const sendOneway = (message: Message, options?: SendOptions): Effect.Effect<void, SendError> =>
      Effect.suspend(() => {
        const out = prepare(message)
        if (out instanceof MessageValidationError) return Effect.fail(out)
        return out.body.length < threshold
          ? sender.oneway(out, options)
          : Effect.flatMap(compress(out), (compressed) => sender.oneway(compressed, options))
      })

    const sendBatch = (
      messages: ReadonlyArray<Message>,
      options?: SendOptions
    ): Effect.Effect<ReadonlyArray<SendReceipt>, SendError | BatchMixedTopicError> =>
      Effect.uninterruptibleMask((restore) => {
        const made = Outgoings.batch(messages, maxMessageSize, client.nextUniqueKey)
        if (Either.isLeft(made)) return Effect.fail<SendError | BatchMixedTopicError>(made.left)
        const { keys, out } = made.right
        return Effect.map(
          sender.send(restore, out, options),
          (receipt) => keys.map((key, index) => receipt.member(key, index))
        )
      })

    return {
      group,
      send,
      sendOneway,
      sendBatch,
      queues: (name) =>
        Effect.suspend((): Effect.Effect<ReadonlyArray<MessageQueue>, SendError> => {
          const problem = Names.topicProblem(name)
          if (problem !== undefined) {
            const rule = Outgoings.topicRule
            return Effect.fail(new MessageValidationError({ topic: name, field: "topic", problem, rule }))
          }
          const known = topics.get(name)
          return Effect.map(known === undefined ? topics.open(name) : Effect.succeed(known), (topic) => {
            topics.adopt(topic)
            return topic.queues
          })
        })
    }
  })
