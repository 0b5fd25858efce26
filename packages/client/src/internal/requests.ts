import * as CompressionType from "@effect-rocketmq/protocol/CompressionType"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { Producer, SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import { MessageValidationError, outcome } from "../ProducerError.js"
import { ReplyTimeoutError } from "../RequestReplyError.js"
import type { SendReceipt } from "../SendReceipt.js"
import { runner } from "./fibers.js"
import type { Outgoing } from "./outgoing.js"
import type { Engine } from "./producerEngine.js"
import { encoded } from "./requestProperties.js"
import { grace } from "./sendPolicy.js"

/** How long a request may take unless its options say otherwise, in milliseconds. */
const TIMEOUT = 3000

/** For a request without a deadline, in milliseconds. */
const MAX_TTL = 2 ** 31 - 1

/** Larger replies are left as they came, as consumers do it by default. */
const MAX_DECOMPRESSED_SIZE = 32 * 1024 * 1024

type Result = Effect.Effect<MessageExt.MessageExt, SendError | ReplyTimeoutError>

/** A request under way: being sent, or stored and waiting for its reply. */
class Pending {
  readonly out: Outgoing
  readonly correlationId: string
  readonly timeout: number
  deadline: number
  /** The deadline has passed, and the send is about to end. */
  isOverdue = false
  sending: Fiber.RuntimeFiber<void> | undefined = undefined
  receipt: SendReceipt | undefined = undefined
  /** The send failed, and yet the message may be stored: a reply may come. */
  failure: SendError | undefined = undefined
  result: Result | undefined = undefined
  hasReply = false
  resume: ((result: Result) => void) | undefined = undefined

  constructor(out: Outgoing, correlationId: string, timeout: number, deadline: number) {
    this.out = out
    this.correlationId = correlationId
    this.timeout = timeout
    this.deadline = deadline
  }

  replied(reply: MessageExt.MessageExt): void {
    this.hasReply = true
    this.settle(Effect.succeed(reply))
  }

  settle(result: Result): void {
    if (this.result !== undefined) return
    this.result = result
    this.resume?.(result)
  }
}

/** Ids that look like UUIDs: random where producers differ, counted where requests do. */
const correlationIds = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 12)]),
  ([a, b, c]) => {
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")
    const tail = hex(b, 8)
    const prefix = `${hex(a, 8)}-${tail.slice(0, 4)}-4${hex(c, 3)}-a${tail.slice(5)}-`
    let count = 0
    return () => prefix + hex(++count, 12)
  }
)

/** @internal See Producer.request. */
export const make = (
  engine: Engine
): Effect.Effect<Producer["Type"]["request"]> =>
  Effect.gen(function*() {
    const { accounts, background, client, clock, codecs, sender, settings: { group } } = engine
    const nextId = yield* correlationIds
    const run = yield* Scope.extend(runner(), background)
    const waiting = new Set<Pending>()
    let sweepAt = Infinity
    let isClosed = false

    const now = (): number => clock.unsafeCurrentTimeMillis()

    const timedOut = (
      { correlationId, out, receipt, timeout }: Pending,
      reason: ReplyTimeoutError["reason"]
    ): ReplyTimeoutError =>
      new ReplyTimeoutError({
        topic: out.message.topic,
        group,
        correlationId,
        uniqueKey: out.uniqueKey,
        timeout,
        reason,
        receipt
      })

    const arm = (deadline: number): void => {
      sweepAt = deadline
      run(Effect.zipRight(Effect.sleep(Math.max(0, deadline - now())), Effect.sync(() => sweep(deadline))))
    }

    /** Ends what is overdue and watches the next deadline. A sweep that an earlier one has replaced does nothing. */
    const sweep = (armed: number): void => {
      if (armed !== sweepAt) return
      const at = now()
      let next = Infinity
      for (const pending of waiting) {
        if (pending.deadline <= at) {
          const isSending = pending.receipt === undefined && pending.failure === undefined
          if (isSending && !pending.isOverdue) {
            // the send has the same deadline, ends within its grace, and has the better error
            pending.isOverdue = true
            pending.deadline = at + 2 * grace
          } else {
            pending.settle(Effect.fail(pending.failure ?? timedOut(pending, "Deadline")))
            continue
          }
        }
        if (pending.result === undefined && pending.deadline < next) next = pending.deadline
      }
      sweepAt = Infinity
      if (next < Infinity) arm(next)
    }

    const failed = (pending: Pending, cause: Cause.Cause<SendError>): void => {
      const error = Cause.failureOrCause(cause)
      if (Either.isRight(error)) return pending.settle(Effect.failCause(error.right))
      const isOver = isClosed || pending.isOverdue || pending.deadline <= now()
      if (isOver || outcome(error.left) === "Refused") return pending.settle(Effect.fail(error.left))
      pending.failure = error.left
    }

    const send = (pending: Pending, options: SendOptions): Effect.Effect<void> =>
      Effect.uninterruptibleMask((restore) => {
        // a reply is proof enough: what became of the attempts does not matter any more
        const settle: typeof accounts.settle = (...args) =>
          Effect.suspend(() => pending.hasReply ? Effect.void : accounts.settle(...args))
        return engine.submit(restore, pending.out, options, settle)
      }).pipe(
        Effect.matchCause({
          onFailure: (cause) => failed(pending, cause),
          onSuccess: (receipt) => {
            pending.receipt = receipt
            if (isClosed) pending.settle(Effect.fail(timedOut(pending, "Shutdown")))
          }
        })
      )

    const replied = (pending: Pending, options: SendOptions): Result =>
      Effect.flatMap(Effect.forkIn(Effect.interruptible(send(pending, options)), background), (sending) => {
        pending.sending = sending
        return Effect.async((resume) => {
          pending.resume = resume
          if (pending.result !== undefined) return resume(pending.result)
          if (pending.deadline < sweepAt) arm(pending.deadline)
        })
      })

    const end = (pending: Pending): void => {
      waiting.delete(pending)
      pending.sending?.unsafeInterruptAsFork(FiberId.none)
      sender.end()
    }

    /** A broker that does not know this client has nowhere to push the reply to. */
    const introduced = ({ before }: Outgoing): Outgoing["before"] =>
      before === undefined
        ? client.introduce
        : (address) => Effect.zipRight(client.introduce(address), before(address))

    /** The reply with its plain body. */
    const inflate = (reply: MessageExt.MessageExt): Effect.Effect<MessageExt.MessageExt> => {
      const type = SysFlag.isCompressed(reply.sysFlag) ? CompressionType.fromSysFlag(reply.sysFlag) : undefined
      if (type === undefined) return Effect.succeed(reply)
      const sysFlag = SysFlag.withoutCompressed(reply.sysFlag)
      return Effect.match(codecs.decompress(type, reply.body, MAX_DECOMPRESSED_SIZE), {
        onSuccess: (body) => MessageExt.update(reply, { body, sysFlag }),
        // Go clients flag bodies that are not compressed
        onFailure: ({ reason }) => reason === "Corrupt" ? MessageExt.update(reply, { sysFlag }) : reply
      })
    }

    const request: Producer["Type"]["request"] = (message, options) =>
      Effect.uninterruptibleMask((restore) => {
        const refusal = sender.refusal(message.topic)
        if (refusal !== undefined) return Effect.fail(refusal)
        const timeout = options?.timeout === undefined ? TIMEOUT : Duration.toMillis(options.timeout)
        const correlationId = nextId()
        const out = engine.prepare(
          message,
          encoded({
            [MessageProperties.CORRELATION_ID]: correlationId,
            [MessageProperties.REPLY_TO_CLIENT]: client.clientId,
            [MessageProperties.TTL]: String(Math.min(Math.ceil(timeout), MAX_TTL))
          })
        )
        if (out instanceof MessageValidationError) return Effect.fail(out)
        // its time to live counts from its birth: from the call, as the waiting does, and not from a later attempt
        const born = now()
        const pending = new Pending({ ...out, born, before: introduced(out) }, correlationId, timeout, born + timeout)
        const expected = client.expectReply(correlationId, (reply) => pending.replied(reply))
        sender.begin()
        waiting.add(pending)
        return Effect.flatMap(expected, (forget) =>
          Effect.ensuring(
            restore(Effect.flatMap(replied(pending, { ...options, timeout }), inflate)),
            Effect.zipRight(forget, Effect.sync(() => end(pending)))
          ))
      })

    const close = Effect.sync(() => {
      isClosed = true
      for (const pending of waiting) {
        if (pending.failure !== undefined) pending.settle(Effect.fail(pending.failure))
        else if (pending.receipt !== undefined) pending.settle(Effect.fail(timedOut(pending, "Shutdown")))
        // what is being sent ends by itself now
      }
    })
    yield* Effect.forkIn(Effect.interruptible(Effect.zipRight(sender.closed, close)), background)

    return request
  })
