/**
 * What the answer to a send says.
 */
import * as Header from "@effect-rocketmq/protocol/Header"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Exit from "effect/Exit"
import type { SendStatus, StoreResult } from "../Broker.js"
import type { About, Answer } from "./brokerAnswer.js"
import { refused, unreadable } from "./brokerAnswer.js"

const statusOf = (code: number): SendStatus | undefined => {
  switch (code) {
    case ResponseCode.SUCCESS:
      return "SEND_OK"
    case ResponseCode.FLUSH_DISK_TIMEOUT:
      return "FLUSH_DISK_TIMEOUT"
    case ResponseCode.FLUSH_SLAVE_TIMEOUT:
      return "FLUSH_SLAVE_TIMEOUT"
    case ResponseCode.SLAVE_NOT_AVAILABLE:
      return "SLAVE_NOT_AVAILABLE"
    default:
      return undefined
  }
}

/** The fields stand under their long names, or under the letters of SEND_MESSAGE_V2. */
const aboutSend = (topic: string, { extFields }: Request): About => {
  const queueId = extFields["queueId"] ?? extFields["e"]
  return {
    topic,
    group: extFields["producerGroup"] ?? extFields["a"],
    queueId: queueId === undefined || queueId === "-1" ? undefined : Number(queueId),
    brokerName: extFields["bname"] ?? extFields["n"]
  }
}

/** Runs for each message: reads the fields itself and makes no Either. */
export const stored = (
  address: string,
  topic: string,
  request: Request,
  response: RemotingCommand
): Answer<StoreResult> => {
  const status = statusOf(response.code)
  if (status === undefined) return refused(address, aboutSend(topic, request), request, response)
  const fields = response.extFields
  const offsetId = fields["msgId"]
  const queueId = Header.int32.decode(fields["queueId"] ?? "")
  const queueOffset = Header.int64.decode(fields["queueOffset"] ?? "")
  if (offsetId === undefined || queueId === undefined || queueOffset === undefined) {
    return unreadable(`the answer of ${address} to a send`, "msgId, queueId or queueOffset is missing or no number")
  }
  return Exit.succeed({
    status,
    offsetId,
    queueId,
    queueOffset,
    transactionId: fields["transactionId"],
    recallHandle: fields["recallHandle"],
    regionId: fields["MSG_REGION"],
    traceOn: fields["TRACE_ON"] !== "false"
  })
}
