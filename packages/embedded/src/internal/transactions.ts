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
import { numbers } from "./table.js"
import { CHECK_MAX_TIME_TOPIC } from "./topicTable.js"

export interface Transactions {
  /** Stores a half message: nobody sees it before its transaction is committed. */
  readonly prepare: (draft: Draft) => Stored | undefined
  readonly end: Handler
}

/** How often ends are noted, in milliseconds: until then the check does not know of them. */
const NOTE_INTERVAL = 3000

export const make = (broker: Broker): Transactions => {
  const { journal, settings, store } = broker
  /** Half messages without a noted end: offset in the half topic, to commit log offset. */
  const pending = new Map<number, number>()
  /** Offsets in the half topic whose end is not noted yet. */
  const ended = new Set<number>()
  const table = journal.table<number>({
    name: "halves",
    ...numbers,
    get: (key) => ended.has(Number(key)) ? undefined : pending.get(Number(key)),
    set: (key, commitLogOffset) => {
      const queueOffset = Number(key)
      if (commitLogOffset === undefined) {
        ended.add(queueOffset)
        notes.arm()
      } else {
        ended.delete(queueOffset)
        pending.set(queueOffset, commitLogOffset)
        checks.arm()
      }
    },
    *entries() {
      for (const [queueOffset, at] of pending) if (!ended.has(queueOffset)) yield [String(queueOffset), at] as const
    }
  })
  const wait = (stored: Stored) => journal.change(table, String(stored.queueOffset), stored.commitLogOffset)
  const forget = (queueOffset: number) => {
    journal.change(table, String(queueOffset), undefined)
    pending.delete(queueOffset)
    ended.delete(queueOffset)
  }

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
    if (stored !== undefined) wait(stored)
    return stored
  }

  /** How old a half message must be before its producer is asked, when it says so itself. */
  const immunity = (message: MessageExt.MessageExt): number | undefined => {
    const text = message.properties[MessageProperties.CHECK_IMMUNITY_TIME]
    return text === undefined ? undefined : /^[+-]?\d+$/.test(text) ? Number(text) * 1000 : settings.transactionTimeout
  }

  /** With a time of its own, a half message takes an end only until then; later its producer has to be asked. */
  const isLate = (message: MessageExt.MessageExt): boolean => {
    const own = immunity(message)
    return own !== undefined && broker.now() - message.bornTimestamp > Math.max(own, settings.transactionTimeout)
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
    delete properties[MessageProperties.REAL_TOPIC]
    delete properties[MessageProperties.REAL_QID]
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
    if (!Fields.boolean(fields, "fromTransactionCheck") && isLate(message)) {
      return answer(ResponseCode.ILLEGAL_OPERATION)
    }
    const problem = wrong(message, request)
    if (problem !== undefined) return answer(ResponseCode.SYSTEM_ERROR, problem)
    const response = state === SysFlag.TRANSACTION_COMMIT_TYPE ? commit(message) : ok
    if (response.code === ResponseCode.SUCCESS) {
      journal.change(table, String(message.queueOffset), undefined)
    }
    return response
  }

  const ask = (half: MessageExt.MessageExt, stored: Stored, draft: Draft) => {
    const connection = broker.producers.available(half.properties[MessageProperties.PGROUP] ?? "")
    const record = store.look(stored.commitLogOffset)
    if (connection === undefined || record === undefined) return
    const uniqueKey = half.uniqueKey ?? ""
    const body = MessageExt.encode({
      ...draft,
      properties: { ...draft.properties, [MessageProperties.WAIT]: "false" },
      flag: half.flag,
      topic: draft.properties[MessageProperties.REAL_TOPIC] ?? "",
      queueId: Number(draft.properties[MessageProperties.REAL_QID]),
      queueOffset: stored.queueOffset,
      commitLogOffset: stored.commitLogOffset,
      preparedTransactionOffset: 0,
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

  /** A half message as it is stored again, at the end of the table. */
  const renewed = (message: MessageExt.MessageExt, extra: Readonly<Record<string, string>>): Draft => ({
    ...draftOf(message),
    flag: 0,
    reconsumeTimes: 0,
    properties: { ...message.properties, ...extra }
  })

  const putBack = (draft: Draft): Stored | undefined => {
    const stored = store.append(draft)
    if (stored !== undefined) wait(stored)
    return stored
  }

  const giveUp = (message: MessageExt.MessageExt) => {
    broker.topics.ensure(CHECK_MAX_TIME_TOPIC, 1)
    store.append({ ...draftOf(message), topic: CHECK_MAX_TIME_TOPIC, queueId: 0 })
  }

  const check = () => {
    // when both are due, ends are noted first
    notes.runIfDue()
    // what is put back while this runs has its turn at the next check
    for (const [queueOffset, commitLogOffset] of Array.from(pending).sort(([left], [right]) => left - right)) {
      const record = store.look(commitLogOffset)
      if (record === undefined) {
        forget(queueOffset)
        continue
      }
      const message = decode(record)
      const times = Number(message.properties[MessageProperties.TRANSACTION_CHECK_TIMES] ?? "0")
      if (times >= settings.transactionCheckMax) {
        forget(queueOffset)
        giveUp(message)
        continue
      }
      if (message.storeTimestamp >= broker.now()) return
      const counted = { [MessageProperties.TRANSACTION_CHECK_TIMES]: String(times + 1) }
      const age = broker.now() - message.bornTimestamp
      const own = immunity(message)
      if (own !== undefined && age <= own) {
        // put back unasked, and yet counted as if it had been asked about
        forget(queueOffset)
        putBack(renewed(message, {
          [MessageProperties.TRAN_PREPARED_QUEUE_OFFSET]: String(queueOffset),
          ...message.properties,
          ...counted
        }))
        continue
      }
      // a young one has all behind it wait, whatever their age; one of the future is asked about at once
      if (own === undefined && age >= 0 && age <= settings.transactionTimeout) return
      const draft = renewed(message, counted)
      forget(queueOffset)
      const stored = putBack(draft)
      if (stored !== undefined) ask(message, stored, draft)
    }
  }

  const note = () => {
    for (const queueOffset of ended) pending.delete(queueOffset)
    ended.clear()
  }

  /** Runs at the next of the regular times since the broker's start, and on while there is work. */
  const regularly = (interval: number, run: () => void, isNeeded: () => boolean) => {
    let due: number | undefined
    const arm = () => {
      if (due !== undefined) return
      const passed = Math.floor((broker.now() - broker.bootTimestamp) / interval)
      due = broker.bootTimestamp + (passed + 1) * interval
      broker.timers.at(due, () => {
        due = undefined
        if (broker.server.isUp() && journal.isWritable()) run()
        if (isNeeded()) arm()
      })
    }
    const runIfDue = () => {
      if (due !== undefined && due <= broker.now()) run()
    }
    return { arm, runIfDue }
  }
  const notes = regularly(NOTE_INTERVAL, note, () => ended.size > 0)
  const checks = regularly(settings.transactionCheckInterval, check, () => pending.size > 0)

  return { prepare, end }
}
