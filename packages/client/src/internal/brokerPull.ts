/**
 * A pull, and what its answer says.
 */
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as ResponseHeader from "@effect-rocketmq/protocol/ResponseHeader"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { PullRequest, PullResult } from "../Broker.js"
import type { Answer } from "./brokerAnswer.js"
import { bodyOf, noBytes, refused } from "./brokerAnswer.js"

const COMMIT_OFFSET = 1
const SUSPEND = 2
const SUBSCRIPTION = 4

const pullStatusOf = (code: number): PullResult["status"] | undefined => {
  switch (code) {
    case ResponseCode.SUCCESS:
      return "Found"
    case ResponseCode.PULL_NOT_FOUND:
      return "NoNewMessage"
    case ResponseCode.PULL_RETRY_IMMEDIATELY:
      return "NoMatchedMessage"
    case ResponseCode.PULL_OFFSET_MOVED:
      return "OffsetIllegal"
    default:
      return undefined
  }
}

/** The request of a pull. */
export const pullRequest = (request: PullRequest): Request =>
  RequestHeader.PullMessage.make({
    consumerGroup: request.group,
    topic: request.topic,
    queueId: request.queueId,
    queueOffset: request.offset,
    maxMsgNums: request.maxMessages,
    sysFlag: (Option.isSome(request.commitOffset) ? COMMIT_OFFSET : 0) |
      (request.suspendTimeout > 0 ? SUSPEND : 0) |
      (request.subscription === undefined ? 0 : SUBSCRIPTION),
    commitOffset: Option.getOrElse(request.commitOffset, () => 0n),
    suspendTimeoutMillis: request.suspendTimeout,
    subscription: request.subscription?.expression,
    expressionType: request.subscription?.expressionType,
    subVersion: BigInt(request.subVersion),
    bname: request.brokerName
  })

/** What a pull brought. */
export const pulled = (
  address: string,
  pull: PullRequest,
  request: Request,
  response: RemotingCommand
): Answer<PullResult> => {
  const status = pullStatusOf(response.code)
  if (status === undefined) {
    const { brokerName, group, queueId, topic } = pull
    return refused(address, { brokerName, group, queueId, topic }, request, response)
  }
  const header = ResponseHeader.PullMessage.decode(response.extFields)
  if (Either.isLeft(header)) return Exit.fail(header.left)
  const { maxOffset, minOffset, nextBeginOffset, offsetDelta = 0n, suggestWhichBrokerId } = header.right
  const body = status === "Found" ? bodyOf(response) : noBytes
  const { messages, undecodable } = MessageExt.decodeAll(body, {
    brokerName: pull.brokerName,
    fromOffset: pull.offset - offsetDelta
  })
  return Exit.succeed({
    status,
    nextBeginOffset,
    minOffset,
    maxOffset,
    suggestedBrokerId: Number(suggestWhichBrokerId),
    messages: offsetDelta === 0n ? messages : messages.map(moveBy(offsetDelta)),
    undecodable,
    bytes: body.length
  })
}

/** A static topic's offsets go on where those of the queue's last broker ended. */
const moveBy = (delta: bigint) => (message: MessageExt.MessageExt): MessageExt.MessageExt =>
  MessageExt.update(message, { queueOffset: message.queueOffset + delta })
