/**
 * What an application sends: a topic, a body and properties. Messages are immutable values.
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Pipeable from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as MessageProperties from "./MessageProperties.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/protocol/Message")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A message to send. Nothing about it was checked: the producer refuses what the broker would refuse.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message extends Inspectable.Inspectable, Pipeable.Pipeable {
  readonly [TypeId]: TypeId
  readonly topic: string
  /** The bytes that were given, not a copy: they must not change before the message was sent. */
  readonly body: Uint8Array
  /** A number of the application, stored with the message. */
  readonly flag: number
  /** Everything else, by the names of `MessageProperties`. */
  readonly properties: MessageProperties.Properties
  readonly tags: string | undefined
  readonly keys: ReadonlyArray<string>
  /** 1 to 18; 0 when the message is not delayed by level. */
  readonly delayLevel: number
  /** Whether the broker answers only after its flush and replication policy was met. */
  readonly waitStoreMsgOk: boolean
}

/**
 * What {@link make} takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly topic: string
  /** Text becomes UTF-8. */
  readonly body: string | Uint8Array
  /** One tag, for filters of consumers. */
  readonly tags?: string | undefined
  /** Index keys, for queries. A key holds no space. */
  readonly keys?: ReadonlyArray<string> | undefined
  /** Properties of the application. `tags`, `keys`, `delayLevel` and `waitStoreMsgOk` win over their names here. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** Default 0. */
  readonly flag?: number | undefined
  /** 1 (1 s) to 18 (2 h), by the table of the broker. Default: no delay. */
  readonly delayLevel?: number | undefined
  /** Default `true`. */
  readonly waitStoreMsgOk?: boolean | undefined
}

const encoder = new TextEncoder()

class MessageImpl extends Pipeable.Class() implements Message {
  readonly [TypeId]: TypeId = TypeId
  readonly topic: string
  readonly body: Uint8Array
  readonly flag: number
  readonly properties: MessageProperties.Properties

  constructor(topic: string, body: Uint8Array, flag: number, properties: MessageProperties.Properties) {
    super()
    this.topic = topic
    this.body = body
    this.flag = flag
    this.properties = properties
  }

  get tags(): string | undefined {
    return this.properties[MessageProperties.TAGS]
  }

  get keys(): ReadonlyArray<string> {
    return MessageProperties.keysOf(this.properties[MessageProperties.KEYS])
  }

  get delayLevel(): number {
    return Number(this.properties[MessageProperties.DELAY] ?? 0)
  }

  get waitStoreMsgOk(): boolean {
    return this.properties[MessageProperties.WAIT] !== "false"
  }

  toJSON(): unknown {
    return {
      _id: "Message",
      topic: this.topic,
      flag: this.flag,
      properties: { ...this.properties },
      bodyBytes: this.body.length
    }
  }

  override toString(): string {
    return Inspectable.format(this.toJSON())
  }

  [Inspectable.NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

/**
 * Whether a value is a {@link Message}.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isMessage = (u: unknown): u is Message => Predicate.hasProperty(u, TypeId)

/**
 * Makes a message.
 *
 * @example
 * import { make } from "@effect-rocketmq/protocol/Message"
 * import { strictEqual } from "node:assert"
 *
 * const message = make({ topic: "orders", tags: "paid", keys: ["42", "emea"], body: "hello" })
 * strictEqual(message.properties["KEYS"], "42 emea")
 * strictEqual(message.body.length, 5)
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Message => {
  const properties: Record<string, string> = Object.assign(MessageProperties.empty(), options.properties)
  if (options.tags !== undefined) properties[MessageProperties.TAGS] = options.tags
  if (options.keys !== undefined) properties[MessageProperties.KEYS] = options.keys.join(" ")
  if (options.delayLevel !== undefined) properties[MessageProperties.DELAY] = String(options.delayLevel)
  if (options.waitStoreMsgOk !== undefined || properties[MessageProperties.WAIT] === undefined) {
    properties[MessageProperties.WAIT] = options.waitStoreMsgOk === false ? "false" : "true"
  }
  const body = typeof options.body === "string" ? encoder.encode(options.body) : options.body
  return new MessageImpl(options.topic, body, options.flag ?? 0, properties)
}

/**
 * The same message for another topic.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTopic: {
  (topic: string): (self: Message) => Message
  (self: Message, topic: string): Message
} = dual(2, (self: Message, topic: string): Message => new MessageImpl(topic, self.body, self.flag, self.properties))

/**
 * The same message with another body. Text becomes UTF-8.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withBody: {
  (body: string | Uint8Array): (self: Message) => Message
  (self: Message, body: string | Uint8Array): Message
} = dual(
  2,
  (self: Message, body: string | Uint8Array): Message =>
    new MessageImpl(self.topic, typeof body === "string" ? encoder.encode(body) : body, self.flag, self.properties)
)

/**
 * The same message with one property set.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withProperty: {
  (name: string, value: string): (self: Message) => Message
  (self: Message, name: string, value: string): Message
} = dual(3, (self: Message, name: string, value: string): Message => {
  const properties: Record<string, string> = Object.assign(MessageProperties.empty(), self.properties)
  properties[name] = value
  return new MessageImpl(self.topic, self.body, self.flag, properties)
})

/**
 * The same message with several properties set.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withProperties: {
  (properties: Readonly<Record<string, string>>): (self: Message) => Message
  (self: Message, properties: Readonly<Record<string, string>>): Message
} = dual(2, (self: Message, properties: Readonly<Record<string, string>>): Message =>
  new MessageImpl(
    self.topic,
    self.body,
    self.flag,
    Object.assign(MessageProperties.empty(), self.properties, properties)
  ))

/**
 * The same message with this tag.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTags: {
  (tags: string): (self: Message) => Message
  (self: Message, tags: string): Message
} = dual(2, (self: Message, tags: string): Message => withProperty(self, MessageProperties.TAGS, tags))

/**
 * The same message with these index keys instead of its own.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withKeys: {
  (keys: ReadonlyArray<string>): (self: Message) => Message
  (self: Message, keys: ReadonlyArray<string>): Message
} = dual(
  2,
  (self: Message, keys: ReadonlyArray<string>): Message => withProperty(self, MessageProperties.KEYS, keys.join(" "))
)

/**
 * The same message, delayed by a level of the broker: 1 (1 s) to 18 (2 h).
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDelayLevel: {
  (level: number): (self: Message) => Message
  (self: Message, level: number): Message
} = dual(2, (self: Message, level: number): Message => withProperty(self, MessageProperties.DELAY, String(level)))
