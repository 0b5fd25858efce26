/**
 * What brokers ask of a client, handed to the group concerned. Nothing stays without an answer.
 */
import * as ConsumeMessageDirectlyResult from "@effect-rocketmq/protocol/ConsumeMessageDirectlyResult"
import * as ConsumerRunningInfo from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import * as ConsumerStatus from "@effect-rocketmq/protocol/ConsumerStatus"
import type * as Header from "@effect-rocketmq/protocol/Header"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as OffsetTable from "@effect-rocketmq/protocol/OffsetTable"
import { DeserializationError } from "@effect-rocketmq/protocol/ProtocolError"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { ConsumerMember, ProducerMember } from "../Client.js"
import type { Remoting, ServerRequest, ServerResponse } from "../Remoting.js"
import type { Replies } from "./replies.js"

/** Who may be asked. */
interface Members {
  readonly clientId: string
  readonly producers: ReadonlyMap<string, ProducerMember>
  readonly consumers: ReadonlyMap<string, ConsumerMember>
  readonly replies: Replies
}

/** Why a request of a broker is not done: answered, and logged, since answers to oneway requests reach nobody. */
class Refusal {
  readonly remark: string
  constructor(remark: string) {
    this.remark = remark
  }
}

type Answer = Effect.Effect<ServerResponse, Refusal | DeserializationError>

const success = (body?: Uint8Array): ServerResponse => ({ code: ResponseCode.SUCCESS, body })

const done = success()

const noBytes = new Uint8Array(0)

const read = <A>(header: Header.Decoder<A>, { command }: ServerRequest): Effect.Effect<A, DeserializationError> =>
  header.decode(command.extFields)

const messageOf = (
  { command }: ServerRequest,
  brokerName: string | undefined
): Either.Either<MessageExt.MessageExt, DeserializationError> => {
  const { messages, undecodable } = MessageExt.decodeAll(command.body ?? noBytes, { brokerName })
  const message = messages[0]
  return message === undefined
    ? Either.left(
      new DeserializationError({
        subject: `the message of ${RequestCode.nameOf(command.code)}`,
        reason: undecodable[0]?.reason ?? "there is none"
      })
    )
    : Either.right(message)
}

const consumer = ({ clientId, consumers }: Members, group: string): Effect.Effect<ConsumerMember, Refusal> => {
  const member = consumers.get(group)
  return member === undefined
    ? Effect.fail(new Refusal(`client ${clientId} has no consumer of group ${group}`))
    : Effect.succeed(member)
}

const groupChanged = (members: Members) => (request: ServerRequest): Answer =>
  read(RequestHeader.NotifyConsumerIdsChanged, request).pipe(
    Effect.flatMap(({ consumerGroup }) => consumer(members, consumerGroup)),
    Effect.flatMap((member) => member.onGroupChanged),
    Effect.as(done)
  )

const resetOffset = (members: Members) => (request: ServerRequest): Answer =>
  Effect.gen(function*() {
    const { group, topic } = yield* read(RequestHeader.ResetConsumerClientOffset, request)
    const member = yield* consumer(members, group)
    const { offsetTable } = yield* OffsetTable.decode(request.command.body ?? noBytes)
    yield* member.onResetOffset(topic, offsetTable)
    return done
  })

const consumerStatus = (members: Members) => (request: ServerRequest): Answer =>
  Effect.gen(function*() {
    const { group, topic } = yield* read(RequestHeader.GetConsumerStatusFromClient, request)
    const member = yield* consumer(members, group)
    return success(
      ConsumerStatus.encode({ messageQueueTable: yield* member.offsets(topic), consumerTable: new Map() })
    )
  })

const runningInfo = (members: Members) => (request: ServerRequest): Answer =>
  Effect.gen(function*() {
    const { consumerGroup } = yield* read(RequestHeader.GetConsumerRunningInfo, request)
    const member = yield* consumer(members, consumerGroup)
    return success(ConsumerRunningInfo.encode(yield* member.runningInfo))
  })

const consumeDirectly = (members: Members) => (request: ServerRequest): Answer =>
  Effect.gen(function*() {
    const { brokerName, consumerGroup } = yield* read(RequestHeader.ConsumeMessageDirectly, request)
    const member = yield* consumer(members, consumerGroup)
    const message = yield* messageOf(request, brokerName)
    return success(ConsumeMessageDirectlyResult.encode(yield* member.consumeDirectly(message)))
  })

const checkTransaction = ({ clientId, producers }: Members) => (request: ServerRequest): Answer =>
  Effect.gen(function*() {
    const header = yield* read(RequestHeader.CheckTransactionState, request)
    const message = yield* messageOf(request, header.bname)
    const group = message.properties[MessageProperties.PGROUP] ?? ""
    const check = producers.get(group)?.checkTransaction
    if (check === undefined) {
      return yield* Effect.fail(
        new Refusal(
          producers.has(group)
            ? `producer group ${group} of client ${clientId} has no transactions`
            : `client ${clientId} has no producer of group ${group}`
        )
      )
    }
    yield* check({
      address: request.address,
      brokerName: header.bname,
      message,
      tranStateTableOffset: header.tranStateTableOffset,
      commitLogOffset: header.commitLogOffset,
      msgId: header.msgId,
      transactionId: header.transactionId
    })
    return done
  })

/** Never fails: what goes wrong becomes an answer. */
const answered =
  (handler: (request: ServerRequest) => Answer) => (request: ServerRequest): Effect.Effect<ServerResponse> =>
    Effect.catchAll(handler(request), (error) => {
      const remark = error instanceof Refusal ? error.remark : error.message
      const what = `${RequestCode.nameOf(request.command.code)} of ${request.address}`
      return Effect.as(
        RemotingCommand.isOneway(request.command)
          ? Effect.logWarning(`${what} is not done: ${remark}`)
          : Effect.logDebug(`${what} is refused: ${remark}`),
        { code: ResponseCode.SYSTEM_ERROR, remark }
      )
    })

/** Answers all of them until the Scope closes. */
export const handle = (
  remoting: Remoting["Type"],
  members: Members
): Effect.Effect<void, never, Scope.Scope> => {
  const handlers: ReadonlyArray<readonly [number, (request: ServerRequest) => Answer]> = [
    [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, groupChanged(members)],
    [RequestCode.RESET_CONSUMER_CLIENT_OFFSET, resetOffset(members)],
    [RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, consumerStatus(members)],
    [RequestCode.GET_CONSUMER_RUNNING_INFO, runningInfo(members)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, consumeDirectly(members)],
    [RequestCode.CHECK_TRANSACTION_STATE, checkTransaction(members)],
    [RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, members.replies.receive]
  ]
  return Effect.forEach(handlers, ([code, handler]) => remoting.handle(code, answered(handler)), { discard: true })
}
