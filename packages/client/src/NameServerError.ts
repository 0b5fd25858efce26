/**
 * What can go wrong when a name server is asked.
 *
 * @since 0.1.0
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import type { RemotingError } from "./RemotingError.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/NameServerError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A name server did not answer in time.
 *
 * @since 0.1.0
 * @category errors
 */
export class NameServerTimeoutError extends Data.TaggedError("NameServerTimeoutError")<{
  readonly address: string
  /** What was asked for, see RequestCode. */
  readonly requestCode: number
  readonly topic?: string | undefined
  /** Milliseconds that were waited. */
  readonly timeout: number
  readonly cause?: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    return `Name server ${this.address} did not answer ${what(this)} within ${this.timeout} ms.`
  }
}

/**
 * A name server answered with a code that is no success, such as `name server not ready`.
 *
 * @since 0.1.0
 * @category errors
 */
export class NameServerResponseError extends Data.TaggedError("NameServerResponseError")<{
  readonly address: string
  /** What was asked for, see RequestCode. */
  readonly requestCode: number
  readonly topic?: string | undefined
  /** What was answered, see ResponseCode. */
  readonly responseCode: number
  /** What the name server said about it. */
  readonly remark?: string | undefined
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * Java's name of `responseCode`.
   *
   * @since 0.1.0
   */
  get responseName(): string {
    return ResponseCode.nameOf(this.responseCode)
  }

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.responseCode === ResponseCode.SYSTEM_ERROR || this.responseCode === ResponseCode.SYSTEM_BUSY
  }

  override get message(): string {
    const remark = this.remark === undefined || this.remark === "" ? "" : `: ${this.remark.trim().replace(/\.+$/, "")}`
    return `Name server ${this.address} answered ${what(this)} with ${this.responseCode} ${this.responseName}${remark}.`
  }
}

/**
 * A name server said yes, and what came with it cannot be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class RouteDataParseError extends Data.TaggedError("RouteDataParseError")<{
  readonly address: string
  /** What was asked for, see RequestCode. */
  readonly requestCode: number
  readonly topic?: string | undefined
  /** The DeserializationError that says where it breaks. */
  readonly cause: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    return `The answer of name server ${this.address} to ${what(this)} cannot be read: ${reasonOf(this.cause)}. ` +
      `Is this the address of a RocketMQ name server?`
  }
}

/**
 * Why one name server could not be used.
 *
 * @since 0.1.0
 * @category models
 */
export interface NameServerFailure {
  readonly address: string
  readonly error: NameServerTimeoutError | NameServerResponseError | RouteDataParseError | RemotingError
}

/**
 * No name server of the list could answer; of a request that must reach all of them, some could not. `failures` has
 * each of those with what came of it.
 *
 * @since 0.1.0
 * @category errors
 */
export class NameServerUnavailableError extends Data.TaggedError("NameServerUnavailableError")<{
  /** What was asked for, see RequestCode. */
  readonly requestCode: number
  readonly topic?: string | undefined
  /** How many name servers there are. */
  readonly asked: number
  readonly failures: ReadonlyArray<NameServerFailure>
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.failures.some(({ error }) => error.retryable)
  }

  override get message(): string {
    const each = this.failures.map(({ address, error }) => `\n  ${address}: ${error._tag}: ${error.message}`).join("")
    const who = this.failures.length < this.asked
      ? `${this.failures.length} of ${this.asked} name servers`
      : this.asked === 1
      ? "The name server"
      : `None of the ${this.asked} name servers`
    return `${who} could ${this.failures.length < this.asked || this.asked === 1 ? "not " : ""}answer ${
      what(this)
    }:${each}`
  }
}

/**
 * Whether brokers create a topic when the first message for it comes. `On`: the route of `TBW102` is there and allows
 * it. `Off`: no broker has `TBW102`. `Unknown`: it could not be asked.
 *
 * @since 0.1.0
 * @category models
 */
export type AutoCreation = "On" | "Off" | "Unknown"

/**
 * No name server has a route of the topic: it does not exist (yet), or no broker that has it is registered.
 *
 * @since 0.1.0
 * @category errors
 */
export class TopicRouteNotFoundError extends Data.TaggedError("TopicRouteNotFoundError")<{
  readonly topic: string
  /** The name servers that said so. */
  readonly addresses: ReadonlyArray<string>
  readonly autoCreation: AutoCreation
  /** What the last of them said. */
  readonly remark?: string | undefined
  /** Name servers that could not be asked; one of them may have the route. */
  readonly failures: ReadonlyArray<NameServerFailure>
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * Asked again later, the topic may have been created, or its broker be back.
   *
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    const servers = this.addresses.join(", ")
    const others = this.failures.map(({ address, error }) => ` ${address} could not be asked (${error._tag}).`).join("")
    return `No name server has a route of topic ${this.topic} (asked ${servers}).${others} ${
      autoCreationAdvice[this.autoCreation]
    }`
  }
}

const autoCreationAdvice: Readonly<Record<AutoCreation, string>> = {
  On: "Brokers of this cluster create topics on demand: the first message sent to it creates it.",
  Off: "Brokers of this cluster do not create topics on demand: create it first, or check the name and the cluster.",
  Unknown: "Create the topic, or check the name and the cluster."
}

/**
 * What asking name servers fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type NameServerError =
  | NameServerUnavailableError
  | NameServerTimeoutError
  | NameServerResponseError
  | RouteDataParseError
  | TopicRouteNotFoundError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isNameServerError = (u: unknown): u is NameServerError => Predicate.hasProperty(u, TypeId)

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const what = (self: { readonly requestCode: number; readonly topic?: string | undefined }): string =>
  RequestCode.nameOf(self.requestCode) + (self.topic === undefined ? "" : ` (topic ${self.topic})`)
