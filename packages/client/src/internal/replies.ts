/**
 * Replies that brokers push, handed to the requests that wait for them.
 */
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import type { DeserializationError } from "@effect-rocketmq/protocol/ProtocolError"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Metric from "effect/Metric"
import type { Client } from "../Client.js"
import type { ServerRequest, ServerResponse } from "../Remoting.js"

/** Who waits for which reply. */
export interface Replies {
  readonly expect: Client["Type"]["expectReply"]
  /** Takes PUSH_REPLY_MESSAGE_TO_CLIENT. */
  readonly receive: (request: ServerRequest) => Effect.Effect<ServerResponse, DeserializationError>
}

const lateReplies = Metric.counter("rocketmq_client_late_replies", {
  description: "replies that no request waited for: those that came too late, and second ones",
  incremental: true
})

const taken: ServerResponse = { code: ResponseCode.SUCCESS }

const noBytes = new Uint8Array(0)

type Header = Effect.Effect.Success<ReturnType<typeof RequestHeader.PushReplyMessageToClient.decode>>

/** Java writes hosts without brackets, whatever they are. */
const hostOf = (text: string): string => {
  const at = text.lastIndexOf(":")
  const ip = text.slice(0, at)
  return ip.includes(":") && !ip.startsWith("[") ? `[${ip}]${text.slice(at)}` : text
}

/** The reply as a message that was received. It has no place in a queue: brokers push it before they store it. */
const messageOf = (
  header: Header,
  properties: MessageProperties.Properties,
  body: Uint8Array
): MessageExt.MessageExt => {
  const encode = (bornHost: string, storeHost: string) =>
    MessageExt.encode({
      topic: "",
      body: noBytes,
      bodyCrc: 0,
      queueId: header.queueId,
      queueOffset: 0n,
      commitLogOffset: 0n,
      bornTimestamp: header.bornTimestamp,
      bornHost,
      storeTimestamp: header.storeTimestamp,
      storeHost,
      flag: header.flag,
      reconsumeTimes: header.reconsumeTimes ?? 0
    })
  const nowhere = "0.0.0.0:0"
  const record = encode(hostOf(header.bornHost), hostOf(header.storeHost)).pipe(
    Either.orElse(() => encode(nowhere, nowhere)),
    Either.getOrThrow
  )
  const { messages } = MessageExt.decodeAll(record, { brokerName: header.bname })
  return MessageExt.update(messages[0]!, { topic: header.topic, body, properties, sysFlag: header.sysFlag })
}

/** Nobody waits yet. */
export const make = (): Replies => {
  const waiting = new Map<string, (reply: MessageExt.MessageExt) => void>()

  return {
    expect: (correlationId, onReply) =>
      Effect.sync(() => {
        waiting.set(correlationId, onReply)
        return Effect.sync(() => {
          waiting.delete(correlationId)
        })
      }),
    // always a success, as in Java: else the broker tells the replier that its reply failed
    receive: ({ address, command }) =>
      Effect.flatMap(
        RequestHeader.PushReplyMessageToClient.decode(command.extFields),
        (header) =>
          Effect.flatMap(Effect.clock, (clock) => {
            const properties: Record<string, string> = MessageProperties.decode(header.properties ?? "")
            const correlationId = properties[MessageProperties.CORRELATION_ID] ?? ""
            const onReply = waiting.get(correlationId)
            if (onReply === undefined) {
              return Metric.increment(lateReplies).pipe(
                Effect.zipRight(Effect.logDebug(`No request waits for reply ${correlationId}, pushed by ${address}`)),
                Effect.as(taken)
              )
            }
            waiting.delete(correlationId)
            properties[MessageProperties.ARRIVE_TIME] = String(clock.unsafeCurrentTimeMillis())
            onReply(messageOf(header, properties, command.body ?? noBytes))
            return Effect.succeed(taken)
          })
      )
  }
}
