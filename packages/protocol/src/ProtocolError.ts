/**
 * What can be wrong with bytes: errors of the codec. None is retryable: the same bytes fail again.
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/protocol/ProtocolError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

const withHint = (text: string, hint: string | undefined): string => hint === undefined ? text : `${text}; ${hint}`

/**
 * A peer announced a frame longer than the limit. Decided from its first four bytes, before anything is kept.
 * @since 0.1.0
 * @category errors
 */
export class FrameTooLargeError extends Data.TaggedError("FrameTooLargeError")<{
  /** Announced size of the whole frame in bytes. */
  readonly size: number
  /** The limit in bytes. */
  readonly limit: number
  /** In plain words what the peer seems to be, and what to change, when its first bytes are not RocketMQ's. */
  readonly hint?: string | undefined
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return withHint(
      `The peer announced a frame of ${this.size} bytes, but the limit is ${this.limit}`,
      this.hint ?? "raise maxFrameSize if the peer really sends frames of that size"
    )
  }
}

/**
 * A peer announced a header longer than the limit, or a command to be sent has one that no frame can hold.
 * @since 0.1.0
 * @category errors
 */
export class HeaderTooLargeError extends Data.TaggedError("HeaderTooLargeError")<{
  /** Size of the header in bytes. */
  readonly size: number
  /** The limit in bytes. */
  readonly limit: number
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return `A frame header has ${this.size} bytes, but the limit is ${this.limit}; ` +
      "use fewer or shorter message properties, or raise maxHeaderSize"
  }
}

/**
 * Bytes that are no RocketMQ frame. The connection cannot go on: the start of the next frame is unknown.
 * @since 0.1.0
 * @category errors
 */
export class MalformedFrameError extends Data.TaggedError("MalformedFrameError")<{
  /** What is wrong. */
  readonly reason: string
  /** In plain words what the peer seems to be, and what to change, when its first bytes are not RocketMQ's. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return withHint(`Not a RocketMQ frame: ${this.reason}`, this.hint)
  }
}

/**
 * A value that cannot be written to the wire.
 * @since 0.1.0
 * @category errors
 */
export class SerializationError extends Data.TaggedError("SerializationError")<{
  /** What was to be written: the name of a header or body. */
  readonly subject: string
  /** What is wrong with it. */
  readonly reason: string
  readonly cause?: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return `Cannot write ${this.subject}: ${this.reason}`
  }
}

/**
 * A header or body that was received whole, but does not say what it must.
 * @since 0.1.0
 * @category errors
 */
export class DeserializationError extends Data.TaggedError("DeserializationError")<{
  /** What was to be read: the name of a header or body. */
  readonly subject: string
  /** The field at fault, when it is one. */
  readonly field?: string | undefined
  /** What is wrong with it. */
  readonly reason: string
  readonly cause?: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return `Cannot read ${this.subject}${this.field === undefined ? "" : `, field ${this.field}`}: ${this.reason}`
  }
}

/**
 * A request code that nobody here can read.
 * @since 0.1.0
 * @category errors
 */
export class UnsupportedRequestCodeError extends Data.TaggedError("UnsupportedRequestCodeError")<{
  readonly code: number
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return `Request code ${this.code} is not known`
  }
}

/**
 * The peer's version is too old for what was asked.
 * @since 0.1.0
 * @category errors
 */
export class UnsupportedVersionError extends Data.TaggedError("UnsupportedVersionError")<{
  /** Version ordinal of the peer, see `MqVersion`. */
  readonly version: number
  /** The smallest version ordinal that will do. */
  readonly needed: number
  /** What needs it. */
  readonly feature: string
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return `${this.feature} needs a peer of version ${this.needed} or newer, but it has ${this.version}`
  }
}

/**
 * A language name that is in no table.
 * @since 0.1.0
 * @category errors
 */
export class UnsupportedLanguageError extends Data.TaggedError("UnsupportedLanguageError")<{
  readonly language: string
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  readonly retryable: boolean = false

  override get message(): string {
    return `Language ${JSON.stringify(this.language)} is not known; use one of LanguageCode, or OTHER`
  }
}

/**
 * Every error of the codec.
 * @since 0.1.0
 * @category errors
 */
export type ProtocolError =
  | FrameTooLargeError
  | HeaderTooLargeError
  | MalformedFrameError
  | SerializationError
  | DeserializationError
  | UnsupportedRequestCodeError
  | UnsupportedVersionError
  | UnsupportedLanguageError

/**
 * Is it an error of the codec?
 * @since 0.1.0
 * @category refinements
 */
export const isProtocolError = (u: unknown): u is ProtocolError => Predicate.hasProperty(u, TypeId)
