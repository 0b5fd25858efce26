/**
 * What may go wrong on purpose: requests and answers that fail, get lost, come late, twice or in pieces. For tests of
 * clients: on an embedded cluster by `cluster.inject`, before any RocketMQ by a `FaultProxy`.
 *
 * A fault is a plain value: an action, and the conditions under which it happens.
 *
 * @example
 * import * as Fault from "@effect-rocketmq/embedded/Fault"
 * import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
 *
 * const slow = Fault.delay("1 second").pipe(
 *   Fault.onTopic("orders"),
 *   Fault.onCode(RequestCode.SEND_MESSAGE_V2),
 *   Fault.times(3)
 * )
 * assert.strictEqual(Fault.format(slow), "delay=1s code=SEND_MESSAGE_V2 topic=orders times=3")
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import { dual } from "effect/Function"
import type { Pipeable } from "effect/Pipeable"
import { pipeArguments } from "effect/Pipeable"
import * as FaultText from "./internal/faultText.js"

/**
 * A part of an answer's frame: the length in front, the header, or the body.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = "length" | "header" | "body"

/**
 * What happens to a request instead of the ordinary course. Times in milliseconds.
 *
 * - `Fail`: it is not processed and answered with this code.
 * - `Answer`: it is processed, and a success is answered with this code: a message that is stored and not flushed in time.
 * - `DropRequest`: it is neither processed nor answered.
 * - `DropResponse`: it is processed, but the answer is lost. What was sent is stored, and the client cannot know.
 * - `Delay`: it is processed at once, and the answer comes later by a time from `min` to `max`.
 * - `DuplicateRequest`: it is processed twice, and both answers come.
 * - `DuplicateResponse`: it is processed once, and the answer comes twice.
 * - `Disconnect`: it is processed, and the connection closes instead of an answer.
 * - `Cut`: it is processed, and the connection closes after half of the answer.
 * - `Corrupt`: it is processed, and bytes of this part of the answer are inverted: all, or `bytes` of them at random. An
 *   answer without a body has nothing there to invert.
 * - `Freeze`: the server takes what comes on this connection, this request included, and does nothing for so long.
 *
 * @since 0.1.0
 * @category models
 */
export type FaultAction =
  | { readonly _tag: "Fail"; readonly code: number; readonly remark: string | undefined }
  | { readonly _tag: "Answer"; readonly code: number; readonly remark: string | undefined }
  | { readonly _tag: "DropRequest" }
  | { readonly _tag: "DropResponse" }
  | { readonly _tag: "Delay"; readonly min: number; readonly max: number }
  | { readonly _tag: "DuplicateRequest" }
  | { readonly _tag: "DuplicateResponse" }
  | { readonly _tag: "Disconnect" }
  | { readonly _tag: "Cut" }
  | { readonly _tag: "Corrupt"; readonly part: Part; readonly bytes: number | undefined }
  | { readonly _tag: "Freeze"; readonly millis: number }

/**
 * Which requests an action hits. All conditions that are given must hold; with none it hits every request of clients.
 *
 * Topic, queue and group are those of the request's header. Heartbeats, locks and other requests that name them in their
 * body do not fit such a condition.
 *
 * @since 0.1.0
 * @category models
 */
export interface Conditions {
  /** Name of the broker, such as `broker-a`, of a slave, such as `broker-a/1`, or of a name server: `namesrv`, `namesrv-2`. */
  readonly server?: string | undefined
  /** Number of the connection, as in the record of requests. */
  readonly connection?: number | undefined
  /** Client id, as the heartbeats on the connection tell it; before the first heartbeat nothing fits. */
  readonly client?: string | undefined
  /** Request code. */
  readonly code?: number | undefined
  readonly topic?: string | undefined
  /** Queue id. */
  readonly queue?: number | undefined
  /** Group of the producer or the consumer. */
  readonly group?: string | undefined
  /** Whose requests: those of clients (the default), or those that servers make of clients. */
  readonly from?: "client" | "server" | undefined
  /** A further condition on the request. It cannot be written as text. */
  readonly when?: ((request: RemotingCommand) => boolean) | undefined
  /** Requests that fit are let through this many times first. Default 0. */
  readonly after?: number | undefined
  /** Of the requests that fit, one in so many is hit: the n-th, the 2n-th, …. Default 1: each. */
  readonly every?: number | undefined
  /** Chance of a request that fits to be hit, from 0 to 1, by Effect's Random. Default 1. */
  readonly probability?: number | undefined
  /** How many requests are hit. Default: all, until the fault is removed. */
  readonly times?: number | undefined
  /** How long it lasts, in milliseconds from when it is injected. Default: until it is removed. */
  readonly during?: number | undefined
}

/**
 * An action and its conditions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault extends Conditions, Pipeable {
  readonly action: FaultAction
}

/**
 * A fault at work.
 *
 * @since 0.1.0
 * @category models
 */
export interface Injected {
  readonly fault: Fault
  /** Ends it. What it holds back already (a late answer, a frozen connection) still takes its time. */
  readonly remove: Effect.Effect<void>
  /** How many requests it has hit so far. */
  readonly hits: Effect.Effect<number>
}

/**
 * The name under which the first name server is meant where brokers go by their names; the others are `namesrv-2`, ….
 *
 * @since 0.1.0
 * @category models
 */
export const NAME_SERVER = "namesrv"

const Proto: Pipeable = {
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/**
 * A fault from its parts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (action: FaultAction, conditions: Conditions = {}): Fault =>
  Object.assign(Object.create(Proto), conditions, { action })

/**
 * Answers with this response code, without acting.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fail = (code: number, remark?: string): Fault => make({ _tag: "Fail", code, remark })

/**
 * Acts, and answers a success with this response code: `FLUSH_DISK_TIMEOUT`, `FLUSH_SLAVE_TIMEOUT` and
 * `SLAVE_NOT_AVAILABLE` are the other statuses of a stored message.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answerWith = (code: number, remark?: string): Fault => make({ _tag: "Answer", code, remark })

/**
 * Loses the request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dropRequest: Fault = make({ _tag: "DropRequest" })

/**
 * Acts, and loses the answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dropResponse: Fault = make({ _tag: "DropResponse" })

/**
 * Acts, and answers this much later; with two durations, after a time between them by Effect's Random.
 *
 * @since 0.1.0
 * @category constructors
 */
export const delay = (duration: Duration.DurationInput, atMost: Duration.DurationInput = duration): Fault =>
  make({ _tag: "Delay", min: Duration.toMillis(duration), max: Duration.toMillis(atMost) })

/**
 * Acts twice, as if the network had doubled the request, and answers twice.
 *
 * @since 0.1.0
 * @category constructors
 */
export const duplicateRequest: Fault = make({ _tag: "DuplicateRequest" })

/**
 * Acts once, and answers twice.
 *
 * @since 0.1.0
 * @category constructors
 */
export const duplicateResponse: Fault = make({ _tag: "DuplicateResponse" })

/**
 * Acts, and closes the connection instead of answering.
 *
 * @since 0.1.0
 * @category constructors
 */
export const disconnect: Fault = make({ _tag: "Disconnect" })

/**
 * Acts, and closes the connection in the middle of the answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cut: Fault = make({ _tag: "Cut" })

/**
 * Acts, and inverts bytes of the answer: the whole part, or so many bytes of it at places that Effect's Random chooses.
 *
 * @since 0.1.0
 * @category constructors
 */
export const corrupt = (part: Part, bytes?: number): Fault => make({ _tag: "Corrupt", part, bytes })

/**
 * The connection takes bytes and nothing comes for so long; then all goes on, this request first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const freeze = (duration: Duration.DurationInput): Fault =>
  make({ _tag: "Freeze", millis: Duration.toMillis(duration) })

const condition = <K extends keyof Conditions>(name: K): {
  (value: NonNullable<Conditions[K]>): (self: Fault) => Fault
  (self: Fault, value: NonNullable<Conditions[K]>): Fault
} =>
  dual(2, (self: Fault, value: NonNullable<Conditions[K]>): Fault => {
    const { action, ...conditions } = self
    return make(action, { ...conditions, [name]: value })
  })

/**
 * Only at this server: `broker-a`, `broker-a/1` (its first slave), `namesrv`, `namesrv-2`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onServer: {
  (server: string): (self: Fault) => Fault
  (self: Fault, server: string): Fault
} = condition("server")

/**
 * Only on the connection with this number.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onConnection: {
  (connection: number): (self: Fault) => Fault
  (self: Fault, connection: number): Fault
} = condition("connection")

/**
 * Only on connections on which this client id has sent a heartbeat.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onClient: {
  (clientId: string): (self: Fault) => Fault
  (self: Fault, clientId: string): Fault
} = condition("client")

/**
 * Only requests with this code.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onCode: {
  (code: number): (self: Fault) => Fault
  (self: Fault, code: number): Fault
} = condition("code")

/**
 * Only requests whose header names this topic.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onTopic: {
  (topic: string): (self: Fault) => Fault
  (self: Fault, topic: string): Fault
} = condition("topic")

/**
 * Only requests whose header names this queue id.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onQueue: {
  (queueId: number): (self: Fault) => Fault
  (self: Fault, queueId: number): Fault
} = condition("queue")

/**
 * Only requests whose header names this group, of producers or consumers.
 *
 * @since 0.1.0
 * @category combinators
 */
export const onGroup: {
  (group: string): (self: Fault) => Fault
  (self: Fault, group: string): Fault
} = condition("group")

/**
 * Requests that servers make of clients instead: transaction checks, group changes, questions of administrators. The
 * answer that gets lost or late is then the client's; one that is cut or corrupt ends the connection.
 *
 * @since 0.1.0
 * @category combinators
 */
export const fromServer = (self: Fault): Fault => condition("from")(self, "server")

/**
 * Only requests for which this holds. Such a fault has no text that `parse` reads.
 *
 * @since 0.1.0
 * @category combinators
 */
export const when: {
  (predicate: (request: RemotingCommand) => boolean): (self: Fault) => Fault
  (self: Fault, predicate: (request: RemotingCommand) => boolean): Fault
} = condition("when")

/**
 * Lets so many requests that fit through first.
 *
 * @since 0.1.0
 * @category combinators
 */
export const after: {
  (count: number): (self: Fault) => Fault
  (self: Fault, count: number): Fault
} = condition("after")

/**
 * Hits one in so many of the requests that fit.
 *
 * @since 0.1.0
 * @category combinators
 */
export const every: {
  (count: number): (self: Fault) => Fault
  (self: Fault, count: number): Fault
} = condition("every")

/**
 * Hits requests that fit with this chance, from 0 to 1. A cluster with the same seed makes the same choices.
 *
 * @since 0.1.0
 * @category combinators
 */
export const probability: {
  (chance: number): (self: Fault) => Fault
  (self: Fault, chance: number): Fault
} = condition("probability")

/**
 * Hits so many requests and no more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const times: {
  (count: number): (self: Fault) => Fault
  (self: Fault, count: number): Fault
} = condition("times")

/**
 * Hits one request and no more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const once = (self: Fault): Fault => times(self, 1)

/**
 * Ends by itself so long after it is injected.
 *
 * @since 0.1.0
 * @category combinators
 */
export const during: {
  (duration: Duration.DurationInput): (self: Fault) => Fault
  (self: Fault, duration: Duration.DurationInput): Fault
} = dual(
  2,
  (self: Fault, duration: Duration.DurationInput): Fault => condition("during")(self, Duration.toMillis(duration))
)

/**
 * A text that is no fault.
 *
 * @since 0.1.0
 * @category errors
 */
export class FaultParseError extends Data.TaggedError("FaultParseError")<{
  readonly text: string
  /** The word that is wrong; the whole text when something is missing. */
  readonly word: string
  readonly problem: string
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    return `${this.word === "" ? "An empty text" : `"${this.word}"`} is wrong in a fault: ${this.problem}. ` +
      `One that is right: delay=200ms code=310 topic=orders times=3`
  }
}

/**
 * The fault in one line, as `parse` reads it. A condition of `when` shows as `when=?`, which `parse` does not take.
 *
 * @since 0.1.0
 * @category encoding
 */
export const format = (self: Fault): string => FaultText.format(self)

/**
 * Reads a fault from words with spaces between them: one action, and conditions.
 *
 * - actions: `delay=200ms`, `delay=100ms..1s`, `drop=request`, `drop=response`, `duplicate=request`,
 *   `duplicate=response`, `fail=2`, `answer=11` (both with `remark="in quotes"` if there is one), `disconnect`, `cut`,
 *   `corrupt=header`, `corrupt=body:3`, `freeze=5s`
 * - conditions: `server=broker-a`, `connection=7`, `client=…`, `code=310` or `code=SEND_MESSAGE_V2`, `topic=…`,
 *   `queue=0`, `group=…`, `from=server`, `after=2`, `every=10`, `probability=0.1`, `times=3`, `during=1m`
 *
 * Durations are a number and `ms`, `s`, `m` or `h`. Response codes have names, too: `fail=SYSTEM_BUSY`.
 *
 * @example
 * import * as Fault from "@effect-rocketmq/embedded/Fault"
 * import { Either } from "effect"
 *
 * const fault = Either.getOrThrow(Fault.parse("delay=200ms code=310 topic=orders times=3"))
 * assert.strictEqual(fault.times, 3)
 *
 * @since 0.1.0
 * @category decoding
 */
export const parse = (text: string): Either.Either<Fault, FaultParseError> =>
  FaultText.parse(text, make, (word, problem) => new FaultParseError({ text, word, problem }))
