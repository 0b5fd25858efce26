/**
 * The end of a consumer: running handlers get their time, what is finished is committed, and what is not is told.
 */
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ProcessQueue } from "../../ProcessQueue.js"
import type { Receipted, StopReceipt } from "../../StopReceipt.js"
import { once } from "../fibers.js"
import type { Dispatcher } from "./dispatcher.js"
import type { Queues } from "./queues.js"

type Left = StopReceipt["abandoned"][number]

const leftIn = (ledger: ProcessQueue): Array<Left> =>
  ledger.unfinished().map(({ isBegun, message }) => ({
    topic: message.topic,
    queue: ledger.queue,
    offset: message.queueOffset,
    msgId: message.msgId,
    keys: message.keys,
    isBegun
  }))

const placeOf = ({ offset, queue }: Receipted): string => `${MQ.key(queue)}:${offset}`

const some = (messages: ReadonlyArray<Receipted>): string =>
  messages.slice(0, 10).map(({ msgId }) => msgId).join(", ") + (messages.length > 10 ? ", …" : "")

/** Runs once, to its end, whoever waits for it. */
export const make = Effect.fnUntraced(function*(options: {
  readonly group: string
  /** What running handlers have, in milliseconds. */
  readonly timeout: number
  readonly queues: Queues
  readonly dispatcher: Dispatcher
  readonly onStop: ((receipt: StopReceipt) => Effect.Effect<void>) | undefined
  /** When the offsets are written. */
  readonly afterwards: Effect.Effect<void>
}): Effect.fn.Return<Effect.Effect<StopReceipt>, never, Scope.Scope> {
  const { afterwards, dispatcher, group, onStop, queues, timeout } = options

  const left = (): Array<Left> => queues.pulled().flatMap(({ ledger }) => leftIn(ledger))

  const run = Effect.gen(function*() {
    yield* queues.halt
    const inHand = left().filter(({ isBegun }) => isBegun)
    yield* dispatcher.stop(timeout)
    const abandoned = left()
    const repeated = queues.pulled().reduce((sum, { ledger }) => sum + ledger.uncommittable(), 0)
    const { committed, uncommitted } = yield* queues.close
    yield* afterwards
    const open = new Set(abandoned.map(placeOf))
    const receipt: StopReceipt = {
      group,
      finished: inHand.filter((message) => !open.has(placeOf(message))).map(({ isBegun: _, ...message }) => message),
      committed,
      uncommitted,
      abandoned,
      repeated
    }
    const cutOff = abandoned.filter(({ isBegun }) => isBegun)
    const waiting = abandoned.length - cutOff.length
    yield* cutOff.length > 0
      ? Effect.logWarning(
        `Consumer group "${group}" stopped with ${cutOff.length} messages cut off in their handlers after ` +
          `${timeout} ms (${some(cutOff)}) and ${waiting} not handled; they come again`
      )
      : Effect.logDebug(`Consumer group "${group}" stopped; ${waiting} pulled messages were not handled and come again`)
    if (onStop !== undefined) {
      const told = Effect.suspend(() => onStop(receipt))
      yield* Effect.catchAllCause(told, (cause) => Effect.logError("onStop failed", cause))
    }
    return receipt
  })
  // what it forks must not end with its caller; it may go on until the finalizers that are added from now on have run
  return yield* once(run)
})
