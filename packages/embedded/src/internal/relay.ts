/**
 * Requests of administrators that a consumer answers: the broker passes them on, and the answer back.
 *
 * @since 0.1.0
 */
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import type { Answer, Call } from "./server.js"
import { answer } from "./server.js"

/** How long a consumer may take: what runs a listener, and what only looks at a table. */
const CALL_TIMEOUT = 10_000
const STATUS_TIMEOUT = 5_000
/** Clients before 3.1.8 do not know these requests. */
const OLDEST_VERSION = 62

export const toMember = (broker: Broker, call: Call, request: Request): Answer | undefined => {
  const group = Fields.string(call.request.extFields, "consumerGroup")
  const clientId = call.request.extFields["clientId"] ?? ""
  const channel = Array.from(broker.consumers.group(group)?.channels.values() ?? [])
    .find((channel) => channel.clientId === clientId)
  if (channel === undefined) {
    return answer(ResponseCode.SYSTEM_ERROR, `The Consumer <${group}> <${clientId}> not online`)
  }
  if (channel.version < OLDEST_VERSION) {
    return answer(
      ResponseCode.SYSTEM_ERROR,
      `The Consumer <${clientId}> Version <${channel.version}> too low to finish, please upgrade it to V3_1_8_SNAPSHOT`
    )
  }
  const { body, code, extFields } = request
  channel.connection.call({ code, extFields, body }, CALL_TIMEOUT, (result) =>
    broker.server.reply(
      call,
      result ?? answer(
        ResponseCode.CONSUME_MSG_TIMEOUT,
        `consumer <${group}> <${clientId}> Timeout: no answer within ${CALL_TIMEOUT}ms`
      )
    ))
  return undefined
}

/** Asks each member (or the one that `clientAddr` names) for its offsets and puts the answers together. */
export const consumerStatus = (broker: Broker, call: Call): Answer | undefined => {
  const { extFields } = call.request
  const topic = Fields.string(extFields, "topic")
  const group = Fields.string(extFields, "group")
  const only = extFields["clientAddr"]
  const channels = Array.from(broker.consumers.group(group)?.channels.values() ?? [])
    .filter((channel) => only === undefined || only === "" || channel.clientId === only)
  if (channels.length === 0) {
    return answer(ResponseCode.SYSTEM_ERROR, `No Any Consumer online in the consumer group: [${group}]`)
  }
  const consumerTable: Record<string, LooseJson.Json> = {}
  let waiting = channels.length
  for (const channel of channels) {
    channel.connection.call(
      {
        code: RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT,
        extFields: { topic, group },
        body: undefined
      },
      STATUS_TIMEOUT,
      (result) => {
        if (result?.code === ResponseCode.SUCCESS && result.body !== undefined) {
          const parsed = LooseJson.parse(result.body)
          const table = parsed._tag === "Right" && LooseJson.isObject(parsed.right)
            ? parsed.right["messageQueueTable"]
            : undefined
          if (table !== undefined) consumerTable[channel.clientId] = table
        }
        if (--waiting > 0) return
        broker.server.reply(call, {
          code: ResponseCode.SUCCESS,
          body: Bodies.write({ consumerTable, messageQueueTable: {} })
        })
      }
    )
  }
  return undefined
}
