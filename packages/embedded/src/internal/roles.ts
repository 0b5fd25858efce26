/**
 * What a slave does otherwise than a master, and a master that waits for its slaves.
 *
 * @since 0.1.0
 */
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type { Broker } from "./broker.js"
import type { Answer, Call, Handler } from "./server.js"
import { answer } from "./server.js"
import type { Timer, Timers } from "./timers.js"

const rejected = answer(
  ResponseCode.SYSTEM_BUSY,
  "[REJECTREQUEST]system busy, start flow control for a while"
)

const pulls = [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE]
const sends = [RequestCode.SEND_MESSAGE, RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE]

/** A pull by a slave: while the master is there, it sends whoever finds nothing back to it. */
const pullOfSlave = (pull: Handler, isMasterUp: () => boolean): Handler => (call) => {
  if (!isMasterUp()) return pull(call)
  const { request } = call
  const found = pull({
    ...call,
    request: { ...request, extFields: { ...request.extFields, suspendTimeoutMillis: "0" } }
  })
  return found?.code === ResponseCode.PULL_NOT_FOUND || found?.code === ResponseCode.PULL_OFFSET_MOVED
    ? { ...found, code: ResponseCode.PULL_RETRY_IMMEDIATELY }
    : found
}

/** Makes the handlers of a broker those of a slave. */
export const slave = (options: {
  /** Whether it serves pulls: `slaveReadEnable`. */
  readonly reads: boolean
  readonly isMasterUp: () => boolean
}) =>
(broker: Broker, table: Map<number, Handler>): void => {
  for (const code of [...sends, RequestCode.CONSUMER_SEND_MSG_BACK]) table.set(code, () => rejected)
  for (const code of pulls) {
    table.set(code, options.reads ? pullOfSlave(table.get(code)!, options.isMasterUp) : () => rejected)
  }
  table.set(
    RequestCode.END_TRANSACTION,
    () => answer(ResponseCode.SLAVE_NOT_AVAILABLE, "not set any response code")
  )
  table.set(RequestCode.RECALL_MESSAGE, () => ({
    code: ResponseCode.SLAVE_NOT_AVAILABLE,
    remark: "recall failed, broker service not available",
    extFields: { MSG_REGION: broker.settings.region }
  }))
}

/** Answers that wait until slaves have what they tell of. */
export interface Acknowledgements {
  readonly adapt: (broker: Broker, table: Map<number, Handler>) => void
  /** Slaves have more than before. */
  readonly copied: () => void
}

export const synchronous = (options: {
  readonly timers: Timers
  /** Milliseconds until the answer says that no slave has it. */
  readonly timeout: number
  readonly version: number
  /** Changes of the master so far. */
  readonly count: () => number
  /** How many of them some slave has. */
  readonly copied: () => number
  readonly isSlaveUp: () => boolean
}): Acknowledgements => {
  const { timers } = options
  const waiting = new Set<{ readonly needed: number; readonly timer: Timer; readonly done: () => void }>()

  /** Producers may say that a message needs no copy. */
  const waits = ({ request: { extFields } }: Call) =>
    !(extFields["i"] ?? extFields["properties"] ?? "").includes("WAIT\u0001false")

  const held = (broker: Broker, send: Handler): Handler => (call) => {
    const found = send(call)
    if (found === undefined || found.code !== ResponseCode.SUCCESS || !waits(call)) return found
    const needed = options.count()
    if (options.copied() >= needed) return found
    const reply = (response: Answer) => broker.server.reply(call, response)
    if (options.version < MqVersion.V5_0_0 && !options.isSlaveUp()) {
      return { ...found, code: ResponseCode.SLAVE_NOT_AVAILABLE }
    }
    const entry = {
      needed,
      timer: timers.at(timers.now() + options.timeout, () => {
        waiting.delete(entry)
        reply({ ...found, code: ResponseCode.FLUSH_SLAVE_TIMEOUT })
      }),
      done: () => reply(found)
    }
    waiting.add(entry)
    return undefined
  }

  return {
    adapt: (broker, table) => {
      for (const code of sends) table.set(code, held(broker, table.get(code)!))
    },
    copied: () => {
      if (waiting.size === 0) return
      const has = options.copied()
      for (const entry of Array.from(waiting)) {
        if (entry.needed > has) continue
        waiting.delete(entry)
        timers.cancel(entry.timer)
        entry.done()
      }
    }
  }
}
