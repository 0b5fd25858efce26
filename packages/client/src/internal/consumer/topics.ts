/**
 * What is asked about the topics of a consumer before it takes part: their routes, and whether brokers take its selectors.
 */
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Broker } from "../../Broker.js"
import * as BrokerErrors from "../../BrokerError.js"
import { Client } from "../../Client.js"
import { ConsumerStartError, SubscribeError } from "../../ConsumerError.js"
import * as MessageSelector from "../../MessageSelector.js"
import { NameServer } from "../../NameServer.js"
import { atOnce } from "../atOnce.js"
import type { Settings } from "./settings.js"

type Asked = Pick<Settings, "group" | "retryTopic" | "subscriptions">

/** The keys of the queues of the subscribed topics. A topic that does not exist yet is waited for later. */
export const resolveTopics = Effect.fnUntraced(function*(settings: Asked) {
  const nameServer = yield* NameServer
  const { group, retryTopic } = settings
  const known = new Set<string>()
  yield* atOnce(
    [...settings.subscriptions.keys()].filter((topic) => topic !== retryTopic),
    (topic) =>
      Effect.matchEffect(nameServer.route(topic), {
        onSuccess: (route) => {
          for (const queue of route.readQueues) known.add(MQ.key(queue))
          return Effect.void
        },
        onFailure: (cause) => {
          if (cause._tag !== "TopicRouteNotFoundError") {
            return Effect.fail(new ConsumerStartError({ group, topic, cause }))
          }
          return Effect.logWarning(
            `Group "${group}" subscribes to topic ${topic}, which does not exist yet; it waits for it`
          )
        }
      })
  )
  return known
})

/** SQL expressions are judged by a broker before the consumer counts as started. */
export const checkSelectors = Effect.fnUntraced(function*(settings: Asked) {
  const broker = yield* Broker
  const client = yield* Client
  const nameServer = yield* NameServer
  const { group } = settings
  for (const { data, selector, topic } of settings.subscriptions.values()) {
    if (selector._tag !== "Sql") continue
    const route = nameServer.cached(topic)
    if (route === undefined) continue
    for (const addresses of route.brokers.values()) {
      const address = addresses.get(0)
      if (address === undefined) continue
      const judged = yield* Effect.either(broker.checkSubscription(address, client.clientId, group, data))
      if (Either.isRight(judged)) continue
      const cause = judged.left
      // a broker that does not answer judges nothing; it will when it is pulled
      if (!BrokerErrors.isBrokerAnswerError(cause)) yield* Effect.logWarning(cause.message)
      else {
        const expression = MessageSelector.expression(selector)
        return yield* new SubscribeError({ group, topic, expression, address, cause })
      }
    }
  }
})
