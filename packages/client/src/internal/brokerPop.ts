/**
 * Pops and what settles them, and what their answers say.
 */
import * as BatchAck from "@effect-rocketmq/protocol/BatchAck"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Properties from "@effect-rocketmq/protocol/MessageProperties"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as ResponseHeader from "@effect-rocketmq/protocol/ResponseHeader"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Broker, Popped, PopRequest, PopResult, Receipt } from "../Broker.js"
import type { BrokerError } from "../BrokerError.js"
import type { ReceiptHandle } from "../ReceiptHandle.js"
import { ReceiptExpiredError } from "../ReceiptHandle.js"
import type { About, Answer } from "./brokerAnswer.js"
import { bodyOf, read } from "./brokerAnswer.js"
import * as Handle from "./receiptHandle.js"

/** One request; see internal/broker. */
export type Ask = <A>(
  address: string,
  about: About,
  makeRequest: () => Request,
  judge: (response: RemotingCommand) => Answer<A>,
  options?: { readonly timeout?: number | undefined; readonly accepts?: (response: RemotingCommand) => boolean }
) => Effect.Effect<A, BrokerError>

const popRequest = (pop: PopRequest): Request =>
  RequestHeader.PopMessage.make({
    consumerGroup: pop.group,
    topic: pop.topic,
    queueId: pop.queueId ?? ALL_QUEUES,
    maxMsgNums: pop.maxMessages,
    invisibleTime: pop.invisibleTime,
    pollTime: pop.pollTime,
    // 0: the broker takes its own time. A client whose clock is behind would be told at once that its pop is too old
    bornTime: 0,
    initMode: pop.from === "first" ? 0 : 1,
    expType: pop.subscription?.expressionType,
    exp: pop.subscription?.expression,
    order: false,
    bname: pop.brokerName
  })

const ALL_QUEUES = -1

/** `r queueId value`, joined by `;`: the values by `r queueId`. */
const infos = (text: string | undefined): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const entry of text?.split(";") ?? []) {
    const at = entry.lastIndexOf(" ")
    if (at > 0) found.set(entry.slice(0, at), entry.slice(at + 1))
  }
  return found
}

interface Taken {
  readonly popTime: number
  readonly invisibleTime: number
  readonly reviveQid: number
  readonly startOffsetInfo?: string | undefined
  readonly msgOffsetInfo?: string | undefined
}

/** Gives each message its handle: the one that it brings along, or one made of what the answer's header says. */
const handlesFor = (pop: PopRequest, taken: Taken, expiresAt: number) => {
  const starts = infos(taken.startOffsetInfo)
  return (message: MessageExt.MessageExt): ReceiptHandle => {
    const own = message.properties[Properties.POP_CK]
    const given = own === undefined ? undefined : Handle.decode(own, expiresAt)
    if (given !== undefined) return given
    const origin = Handle.originOf(pop.topic, message.topic)
    const start = starts.get(`${Handle.letterOf(origin)} ${message.queueId}`)
    return {
      checkpointOffset: start === undefined ? message.queueOffset : BigInt(start),
      popTime: taken.popTime,
      invisibleTime: taken.invisibleTime,
      reviveQueueId: taken.reviveQid,
      origin,
      brokerName: pop.brokerName,
      queueId: message.queueId,
      queueOffset: message.queueOffset,
      expiresAt
    }
  }
}

const nothing: PopResult = { status: "NoNewMessage", rest: 0n, messages: [], undecodable: [], bytes: 0 }

const popped = (pop: PopRequest, response: RemotingCommand, now: number): Answer<PopResult> => {
  if (response.code !== ResponseCode.SUCCESS) return Exit.succeed(nothing)
  return read(ResponseHeader.PopMessage.decode(response.extFields), (header) => {
    const body = bodyOf(response)
    const { messages, undecodable } = MessageExt.decodeAll(body, { brokerName: pop.brokerName })
    const handleOf = handlesFor(pop, header, now + header.invisibleTime)
    return {
      status: "Found",
      rest: header.restNum,
      messages: messages.map((message): Popped => ({
        handle: handleOf(message),
        // some brokers name the retry topic that it was taken from
        message: message.topic === pop.topic ? message : MessageExt.update(message, { topic: pop.topic })
      })),
      undecodable,
      bytes: body.length
    }
  })
}

const hasNothing = ({ code }: RemotingCommand): boolean =>
  code === ResponseCode.POLLING_TIMEOUT || code === ResponseCode.PULL_NOT_FOUND

/** The acknowledgements of one broker, those of one queue and pop in one entry. */
const batchOf = (group: string, receipts: ReadonlyArray<Receipt>): ReadonlyArray<BatchAck.Ack> => {
  const entries = new Map<string, { readonly receipt: Receipt; readonly distances: Array<number> }>()
  for (const receipt of receipts) {
    const { checkpointOffset, invisibleTime, origin, popTime, queueId, queueOffset, reviveQueueId } = receipt.handle
    const key = [receipt.topic, origin, queueId, checkpointOffset, popTime, invisibleTime, reviveQueueId].join(" ")
    const distance = Number(queueOffset - checkpointOffset)
    const entry = entries.get(key)
    if (entry === undefined) entries.set(key, { receipt, distances: [distance] })
    else entry.distances.push(distance)
  }
  return Array.from(entries.values(), ({ distances, receipt: { handle, topic } }) => ({
    offsets: BatchAck.bitSet(distances),
    consumerGroup: group,
    invisibleTime: handle.invisibleTime,
    popTime: handle.popTime,
    queueId: handle.queueId,
    retry: Handle.letterOf(handle.origin),
    reviveQueueId: handle.reviveQueueId,
    startOffset: handle.checkpointOffset,
    topic
  }))
}

const expired = (
  reason: ReceiptExpiredError["reason"],
  address: string,
  group: string,
  { handle, topic }: Receipt
): ReceiptExpiredError =>
  new ReceiptExpiredError({
    reason,
    address,
    group,
    topic,
    brokerName: handle.brokerName,
    queueId: handle.queueId,
    offset: handle.queueOffset,
    expiredAt: handle.expiresAt
  })

/** The methods of Broker that are about popped messages. */
export const methods = (
  ask: Ask
): Pick<Broker["Type"], "pop" | "ack" | "batchAck" | "changeInvisibility"> => {
  /** Asks about a message whose handle holds, with the time at which that was so. */
  const settle = <A>(
    address: string,
    group: string,
    receipt: Receipt,
    makeRequest: () => Request,
    judge: (response: RemotingCommand, now: number) => Answer<A>,
    timeout: number | undefined
  ): Effect.Effect<A, BrokerError | ReceiptExpiredError> => {
    const { handle, topic } = receipt
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now >= handle.expiresAt) return Effect.fail(expired("Lapsed", address, group, receipt))
      const { brokerName, queueId } = handle
      return Effect.catchTag(
        ask(address, { brokerName, group, topic, queueId }, makeRequest, (response) => judge(response, now), {
          timeout
        }),
        "OffsetIllegalError",
        () => Effect.fail(expired("Gone", address, group, receipt))
      )
    })
  }

  const about = (group: string, { handle, topic }: Receipt) => ({
    consumerGroup: group,
    topic: Handle.topicOf(handle, group, topic),
    queueId: handle.queueId,
    extraInfo: Handle.encode(handle),
    offset: handle.queueOffset,
    bname: handle.brokerName
  })

  return {
    pop: (address, pop, timeout) =>
      Effect.flatMap(Effect.clock, (clock) =>
        ask(
          address,
          { brokerName: pop.brokerName, group: pop.group, topic: pop.topic, queueId: pop.queueId },
          () => popRequest(pop),
          (response) => popped(pop, response, clock.unsafeCurrentTimeMillis()),
          { timeout, accepts: hasNothing }
        )),
    ack: (address, group, receipt, timeout) =>
      settle(
        address,
        group,
        receipt,
        () => RequestHeader.AckMessage.make(about(group, receipt)),
        () => Exit.void,
        timeout
      ),
    batchAck: (address, group, receipts, timeout) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const valid = receipts.filter(({ handle }) => now < handle.expiresAt)
        const lapsed = receipts.filter(({ handle }) => now >= handle.expiresAt).map((receipt) =>
          expired("Lapsed", address, group, receipt)
        )
        const brokerName = receipts[0]?.handle.brokerName
        if (valid.length === 0) return Effect.succeed(lapsed)
        return ask(
          address,
          { brokerName, group },
          () =>
            RequestHeader.BatchAckMessage.make(
              { bname: brokerName },
              BatchAck.encode({ brokerName, acks: batchOf(group, valid) })
            ),
          () => Exit.succeed(lapsed),
          { timeout }
        )
      }),
    changeInvisibility: (address, group, receipt, invisibleTime, timeout) =>
      settle(
        address,
        group,
        receipt,
        () => RequestHeader.ChangeMessageInvisibletime.make({ ...about(group, receipt), invisibleTime }),
        (response, now) =>
          read(ResponseHeader.ChangeMessageInvisibletime.decode(response.extFields), (header): ReceiptHandle => ({
            ...receipt.handle,
            checkpointOffset: receipt.handle.queueOffset,
            popTime: header.popTime,
            invisibleTime: header.invisibleTime,
            reviveQueueId: header.reviveQid,
            expiresAt: now + invisibleTime
          })),
        timeout
      )
  }
}
