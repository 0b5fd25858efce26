/**
 * Transactional messages: half messages, their end, and the question to the producer when the end does not come.
 *
 * @since 0.1.0
 */
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import { offsetId } from "./messageIds.js"
import * as Schedule from "./schedule.js"
import type { Answer, Handler } from "./server.js"
import { answer, ok } from "./server.js"
import type { Draft, Stored } from "./store.js"
import { decode, draftOf } from "./store.js"
import { CHECK_MAX_TIME_TOPIC } from "./topicTable.js"

export interface Transactions {
  /** Stores a half message: nobody sees it before its transaction is committed. */
  readonly prepare: (draft: Draft) => Stored | undefined
  readonly end: Handler
  /** Half messages without an end. */
  readonly pending: () => number
}

export const make = (broker: Broker): Transactions => {
  const { settings, store } = broker
  /** Half messages without an end: offset in the half topic, to commit log offset. */
  const pending = new Map<number, number>()

  const prepare = (draft: Draft): Stored | undefined => {
    const properties: Record<string, string> = {
      ...draft.properties,
      [MessageProperties.REAL_TOPIC]: draft.topic,
      [MessageProperties.REAL_QID]: String(draft.queueId)
    }
    const uniqueKey = draft.properties[MessageProperties.UNIQ_KEY]
    if (uniqueKey !== undefined) properties[MessageProperties.TRANSACTION_ID] = uniqueKey
    const stored = store.append({
      ...draft,
      topic: Names.HALF_TOPIC,
      queueId: 0,
      sysFlag: SysFlag.withTransactionType(draft.sysFlag, SysFlag.TRANSACTION_NOT_TYPE),
      properties
    })
    if (stored !== undefined) {
      pending.set(stored.queueOffset, stored.commitLogOffset)
      arm()
    }
    return stored
  }

  /** How old a half message must be before its producer is asked. */
  const immunity = (message: MessageExt.MessageExt): number => {
    const seconds = Number(message.properties[MessageProperties.CHECK_IMMUNITY_TIME] ?? "0")
    return Math.max(settings.transactionTimeout, Number.isFinite(seconds) ? seconds * 1000 : 0)
  }

  const wrong = (message: MessageExt.MessageExt, request: RemotingCommand): string | undefined => {
    const fields = request.extFields
    if (message.properties[MessageProperties.PGROUP] !== Fields.string(fields, "producerGroup")) {
      return "The producer group wrong"
    }
    return Number(message.queueOffset) === Fields.long(fields, "tranStateTableOffset")
      ? undefined
      : "The transaction state table offset wrong"
  }

  const commit = (message: MessageExt.MessageExt): Answer => {
    const properties: Record<string, string> = { ...message.properties }
    const topic = properties[MessageProperties.REAL_TOPIC]!
    const queueId = Number(properties[MessageProperties.REAL_QID])
    const stored = broker.schedule.put({
      ...draftOf(message),
      topic,
      queueId,
      sysFlag: SysFlag.withTransactionType(message.sysFlag, SysFlag.TRANSACTION_COMMIT_TYPE),
      preparedTransactionOffset: Number(message.commitLogOffset),
      properties
    })
    if (typeof stored === "string") return Schedule.refusal(stored, settings.maxTimerDelay)
    return stored === undefined ? answer(ResponseCode.MESSAGE_ILLEGAL, "The message is illegal") : ok
  }

  const end: Handler = ({ request }) => {
    const fields = request.extFields
    const state = Fields.int(fields, "commitOrRollback")
    if (state !== SysFlag.TRANSACTION_COMMIT_TYPE && state !== SysFlag.TRANSACTION_ROLLBACK_TYPE) return undefined
    const record = store.look(Fields.long(fields, "commitLogOffset"))
    const message = record === undefined ? undefined : decode(record)
    if (message === undefined || message.topic !== Names.HALF_TOPIC) {
      return answer(ResponseCode.SYSTEM_ERROR, "Find prepared transaction message failed")
    }
    const late = message.properties[MessageProperties.CHECK_IMMUNITY_TIME] !== undefined &&
      !Fields.boolean(fields, "fromTransactionCheck") && broker.now() - message.bornTimestamp > immunity(message)
    if (late) return answer(ResponseCode.ILLEGAL_OPERATION)
    const problem = wrong(message, request)
    if (problem !== undefined) return answer(ResponseCode.SYSTEM_ERROR, problem)
    const response = state === SysFlag.TRANSACTION_COMMIT_TYPE ? commit(message) : ok
    if (response.code === ResponseCode.SUCCESS) pending.delete(Number(message.queueOffset))
    return response
  }

  const ask = (half: MessageExt.MessageExt, stored: Stored, draft: Draft) => {
    const connection = broker.producers.available(half.properties[MessageProperties.PGROUP] ?? "")
    const record = store.look(stored.commitLogOffset)
    if (connection === undefined || record === undefined) return
    const uniqueKey = half.uniqueKey ?? ""
    const body = MessageExt.encode({
      ...draft,
      topic: draft.properties[MessageProperties.REAL_TOPIC] ?? "",
      queueId: Number(draft.properties[MessageProperties.REAL_QID]),
      queueOffset: BigInt(stored.queueOffset),
      commitLogOffset: BigInt(stored.commitLogOffset),
      preparedTransactionOffset: 0n,
      storeTimestamp: stored.storeTimestamp,
      storeHost: broker.address
    })
    if (body._tag === "Left") return
    broker.push(connection, {
      code: RequestCode.CHECK_TRANSACTION_STATE,
      extFields: {
        topic: Names.HALF_TOPIC,
        tranStateTableOffset: String(stored.queueOffset),
        commitLogOffset: String(stored.commitLogOffset),
        msgId: uniqueKey,
        transactionId: uniqueKey,
        offsetMsgId: offsetId(broker.hostPrefix, stored.commitLogOffset),
        bname: broker.name
      },
      body: body.right
    })
  }

  const check = () => {
    // every check stores the half message anew, at the end of the table: only those of now are looked at
    for (const [queueOffset, commitLogOffset] of Array.from(pending)) {
      const record = store.look(commitLogOffset)
      if (record === undefined) {
        pending.delete(queueOffset)
        continue
      }
      const message = decode(record)
      if (broker.now() - message.bornTimestamp <= immunity(message)) continue
      pending.delete(queueOffset)
      const times = Number(message.properties[MessageProperties.TRANSACTION_CHECK_TIMES] ?? "0")
      if (times >= settings.transactionCheckMax) {
        broker.topics.ensure(CHECK_MAX_TIME_TOPIC, 1)
        store.append({ ...draftOf(message), topic: CHECK_MAX_TIME_TOPIC, queueId: 0 })
        continue
      }
      const draft: Draft = {
        ...draftOf(message),
        properties: { ...message.properties, [MessageProperties.TRANSACTION_CHECK_TIMES]: String(times + 1) }
      }
      const stored = store.append(draft)
      if (stored === undefined) continue
      pending.set(stored.queueOffset, stored.commitLogOffset)
      ask(message, stored, draft)
    }
  }

  let armed = false
  /** Looks at the half messages at the next of the regular times since the broker's start, and on while there are any. */
  const arm = () => {
    if (armed) return
    armed = true
    const interval = settings.transactionCheckInterval
    const passed = Math.floor((broker.now() - broker.bootTimestamp) / interval)
    broker.timers.at(broker.bootTimestamp + (passed + 1) * interval, () => {
      armed = false
      if (broker.server.isUp()) check()
      if (pending.size > 0) arm()
    })
  }

  return { prepare, end, pending: () => pending.size }
}
