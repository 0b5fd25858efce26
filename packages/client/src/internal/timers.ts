import type { Message } from "@effect-rocketmq/protocol/Message"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import type { Broker } from "../Broker.js"
import type { BrokerError } from "../BrokerError.js"
import { BrokerNotAvailableError, RequestNotSupportedError } from "../BrokerError.js"
import type { Producer } from "../Producer.js"
import { MessageRecallError } from "../ProducerError.js"
import type { Engine } from "./producerEngine.js"

/** @internal Whether a broker's timer is to deliver the message. */
export const isTimed = ({ properties }: Message): boolean =>
  properties[MessageProperties.TIMER_DELIVER_MS] !== undefined ||
  properties[MessageProperties.TIMER_DELAY_MS] !== undefined ||
  properties[MessageProperties.TIMER_DELAY_SEC] !== undefined

/**
 * Bytes of properties that a broker adds when its timer takes the message and gives it up. What does not fit any more it
 * has acknowledged, and drops.
 *
 * @internal
 */
export const ADDED_BYTES = 128

/**
 * Refuses timed messages to brokers that have no timers, which would deliver them at once. A broker is asked for its
 * version before the first of them.
 *
 * @internal
 */
export const guard = (
  broker: Broker["Type"]
): (address: string, topic: string) => Effect.Effect<void, BrokerError> => {
  const versions = new Map<string, number>()
  return (address, topic) =>
    Effect.suspend(() => {
      if ((versions.get(address) ?? 0) >= MqVersion.V5_0_0) return Effect.void
      // an old one is asked again each time: it may have been upgraded
      return Effect.flatMap(broker.version(address), (version) => {
        versions.set(address, version)
        return version >= MqVersion.V5_0_0 ? Effect.void : Effect.fail(
          new RequestNotSupportedError({
            address,
            topic,
            requestCode: RequestCode.SEND_MESSAGE_V2,
            responseCode: ResponseCode.VERSION_NOT_SUPPORTED,
            remark: `nothing was sent: its version ${
              MqVersion.nameOf(version)
            } has no timers, and would deliver at once`
          })
        )
      })
    })
}

/** @internal See Producer.recall. */
export const recall = (engine: Engine): Producer["Type"]["recall"] => {
  const { broker, settings: { attemptTimeout, group }, topics } = engine

  return (recallHandle) =>
    Effect.gen(function*() {
      const failed = (cause: MessageRecallError["cause"], brokerName?: string, topic?: string) =>
        new MessageRecallError({ group, recallHandle, brokerName, topic, cause })
      const handle = MessageId.decodeRecallHandle(recallHandle)
      const { brokerName, topic } = yield* Effect.mapError(handle, (cause) => failed(cause))
      const opened = topics.get(topic) ??
        (yield* Effect.mapError(topics.open(topic), (cause) => failed(cause, brokerName, topic)))
      topics.adopt(opened)
      const target = opened.targets.find((it) => it.brokerName === brokerName)
      if (target === undefined) {
        return yield* failed(
          new BrokerNotAvailableError({ reason: "NotInRoute", brokerName, topic }),
          brokerName,
          topic
        )
      }
      return yield* Effect.mapError(
        broker.recallMessage(target.address, { group, topic, brokerName, recallHandle }, attemptTimeout),
        (cause) => failed(cause, brokerName, topic)
      )
    })
}
