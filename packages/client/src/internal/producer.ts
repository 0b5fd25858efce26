import type { Message } from "@effect-rocketmq/protocol/Message"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Broker } from "../Broker.js"
import type { Client } from "../Client.js"
import type { Compression } from "../Compression.js"
import type { NameServer } from "../NameServer.js"
import type { Options, Producer, SendOptions } from "../Producer.js"
import type { ProducerStartError, SendError } from "../ProducerError.js"
import { MessageValidationError } from "../ProducerError.js"
import type { SendReceipt } from "../SendReceipt.js"
import * as Accumulators from "./accumulator.js"
import * as Batches from "./batches.js"
import * as Oneway from "./oneway.js"
import * as Outgoings from "./outgoing.js"
import type { Engine } from "./producerEngine.js"
import * as Engines from "./producerEngine.js"
import * as Reports from "./producerReports.js"
import * as Stops from "./producerStop.js"
import * as RequestReplies from "./requestReplies.js"
import * as Requests from "./requests.js"
import * as Timers from "./timers.js"

/** @internal The service over its engine. */
export const serviceOf = (engine: Engine): Effect.Effect<Producer["Type"], never, Scope.Scope> =>
  Effect.gen(function*() {
    const { sender, settings, topics } = engine
    const { group } = settings
    const accumulator = settings.autoBatch && (yield* Accumulators.make(engine, settings.autoBatch))
    const request = yield* Requests.make(engine)
    const stop = yield* Stops.make(engine, accumulator)

    const send = (message: Message, options?: SendOptions): Effect.Effect<SendReceipt, SendError> =>
      Effect.uninterruptibleMask((restore) => {
        const refusal = sender.refusal(message.topic)
        if (refusal !== undefined) return Effect.fail(refusal)
        const out = engine.prepare(message)
        if (out instanceof MessageValidationError) return Effect.fail(out)
        return accumulator?.send(restore, out, options) ?? engine.submit(restore, out, options)
      })

    return {
      group,
      send,
      sendOneway: Oneway.make(engine),
      sendBatch: Batches.make(engine),
      request,
      reply: RequestReplies.make(engine),
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
        }),
      recall: Timers.recall(engine),
      stats: Reports.stats(engine),
      health: Reports.health(engine),
      stop
    }
  })

/** @internal */
export const make = (
  options: Options
): Effect.Effect<
  Producer["Type"],
  ProducerStartError,
  Client | NameServer | Broker | Compression | Scope.Scope
> => Effect.flatMap(Engines.make(options), serviceOf)
