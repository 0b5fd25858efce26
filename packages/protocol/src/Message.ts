/**
 * What an application sends: a topic, a body and properties. Messages are immutable values.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
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
  /** The index keys as they were given; those of a property set by its name are its words. */
  readonly keys: ReadonlyArray<string>
  /** Messages with the same key go to the same queue, when the selector goes by key. */
  readonly shardingKey: string | undefined
  /** 1 to 18; 0 when the message is not delayed by level. */
  readonly delayLevel: number
  /** How long a timer of the broker holds the message; undefined when none does, or by {@link deliverAt}. */
  readonly delay: Duration.Duration | undefined
  /** When a timer of the broker delivers the message, in milliseconds since the epoch. */
  readonly deliverAt: number | undefined
  /** For topics with priority queues: 0 is the lowest. */
  readonly priority: number | undefined
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
  /** For selectors that go by key, and for the broker's own order of FIFO topics. */
  readonly shardingKey?: string | undefined
  /** Properties of the application. What has an option of its own here wins over its name among them. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** Default 0. */
  readonly flag?: number | undefined
  /** 1 (1 s) to 18 (2 h), by the table of the broker. Default: no delay. */
  readonly delayLevel?: number | undefined
  /**
   * Held by a timer of the broker for this long, counted from its arrival there; in milliseconds when given as a number.
   * Needs brokers of 5.0 or later: older ones deliver at once. Brokers deliver within the second that follows, and
   * refuse more than 3 days unless configured otherwise. Default: no delay.
   */
  readonly delay?: Duration.DurationInput | undefined
  /** Held by a timer of the broker until then (milliseconds since the epoch), as for `delay`. A time past is now. */
  readonly deliverAt?: number | Date | undefined
  /** For topics with priority queues (5.5): a whole number from 0, the lowest. Default: none. */
  readonly priority?: number | undefined
  /** Default `true`. */
  readonly waitStoreMsgOk?: boolean | undefined
}

const encoder = new TextEncoder()

const numberOf = (text: string | undefined): number | undefined => text === undefined ? undefined : Number(text)

/** Brokers take whole milliseconds only; rounded up, since nothing comes before its time. */
const wholeMillis = (millis: number): string => String(Math.ceil(millis))

const delayText = (delay: Duration.DurationInput): string => wholeMillis(Duration.toMillis(delay))

const timeText = (time: number | Date): string => wholeMillis(Number(time))

class MessageImpl extends Pipeable.Class() implements Message {
  readonly [TypeId]: TypeId = TypeId
  readonly topic: string
  readonly body: Uint8Array
  readonly flag: number
  readonly properties: MessageProperties.Properties
  /** The property joins keys by spaces and cannot tell a key that holds one. */
  readonly givenKeys: ReadonlyArray<string> | undefined

  constructor(
    topic: string,
    body: Uint8Array,
    flag: number,
    properties: MessageProperties.Properties,
    givenKeys: ReadonlyArray<string> | undefined
  ) {
    super()
    this.topic = topic
    this.body = body
    this.flag = flag
    this.properties = properties
    this.givenKeys = givenKeys
  }

  get tags(): string | undefined {
    return this.properties[MessageProperties.TAGS]
  }

  get keys(): ReadonlyArray<string> {
    return this.givenKeys ?? MessageProperties.keysOf(this.properties[MessageProperties.KEYS])
  }

  get shardingKey(): string | undefined {
    return this.properties[MessageProperties.SHARDING_KEY]
  }

  get delayLevel(): number {
    return Number(this.properties[MessageProperties.DELAY] ?? 0)
  }

  get delay(): Duration.Duration | undefined {
    // the order in which brokers look
    const seconds = this.properties[MessageProperties.TIMER_DELAY_SEC]
    if (seconds !== undefined) return Duration.seconds(Number(seconds))
    const millis = this.properties[MessageProperties.TIMER_DELAY_MS]
    return millis === undefined ? undefined : Duration.millis(Number(millis))
  }

  get deliverAt(): number | undefined {
    return numberOf(this.properties[MessageProperties.TIMER_DELIVER_MS])
  }

  get priority(): number | undefined {
    return numberOf(this.properties[MessageProperties.PRIORITY])
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
  if (options.shardingKey !== undefined) properties[MessageProperties.SHARDING_KEY] = options.shardingKey
  if (options.delayLevel !== undefined) properties[MessageProperties.DELAY] = String(options.delayLevel)
  if (options.delay !== undefined) properties[MessageProperties.TIMER_DELAY_MS] = delayText(options.delay)
  if (options.deliverAt !== undefined) properties[MessageProperties.TIMER_DELIVER_MS] = timeText(options.deliverAt)
  if (options.priority !== undefined) properties[MessageProperties.PRIORITY] = String(options.priority)
  if (options.waitStoreMsgOk !== undefined || properties[MessageProperties.WAIT] === undefined) {
    properties[MessageProperties.WAIT] = options.waitStoreMsgOk === false ? "false" : "true"
  }
  const body = typeof options.body === "string" ? encoder.encode(options.body) : options.body
  return new MessageImpl(options.topic, body, options.flag ?? 0, properties, options.keys?.slice())
}

const givenKeysOf = (self: Message): ReadonlyArray<string> | undefined => (self as MessageImpl).givenKeys

const copyOf = (self: Message): Record<string, string> => Object.assign(MessageProperties.empty(), self.properties)

/** The names of all that delays a message. */
const delays: ReadonlySet<string> = new Set([
  MessageProperties.DELAY,
  MessageProperties.TIMER_DELAY_SEC,
  MessageProperties.TIMER_DELAY_MS,
  MessageProperties.TIMER_DELIVER_MS
])

/** The same message with this delay instead of its own: of several, brokers would choose. */
const delayed = (self: Message, name: string, value: string): Message => {
  const properties = MessageProperties.empty()
  for (const other in self.properties) {
    if (!delays.has(other)) properties[other] = self.properties[other]!
  }
  properties[name] = value
  return new MessageImpl(self.topic, self.body, self.flag, properties, givenKeysOf(self))
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
} = dual(
  2,
  (self: Message, topic: string): Message =>
    new MessageImpl(topic, self.body, self.flag, self.properties, givenKeysOf(self))
)

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
    new MessageImpl(
      self.topic,
      typeof body === "string" ? encoder.encode(body) : body,
      self.flag,
      self.properties,
      givenKeysOf(self)
    )
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
  const properties = copyOf(self)
  properties[name] = value
  const givenKeys = name === MessageProperties.KEYS ? undefined : givenKeysOf(self)
  return new MessageImpl(self.topic, self.body, self.flag, properties, givenKeys)
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
    Object.assign(copyOf(self), properties),
    properties[MessageProperties.KEYS] === undefined ? givenKeysOf(self) : undefined
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
} = dual(2, (self: Message, keys: ReadonlyArray<string>): Message => {
  const properties = copyOf(self)
  properties[MessageProperties.KEYS] = keys.join(" ")
  return new MessageImpl(self.topic, self.body, self.flag, properties, keys.slice())
})

/**
 * The same message with this sharding key: the producer's selector by key sends what has the same key to the same queue.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withShardingKey: {
  (key: string): (self: Message) => Message
  (self: Message, key: string): Message
} = dual(2, (self: Message, key: string): Message => withProperty(self, MessageProperties.SHARDING_KEY, key))

/**
 * The same message with this priority, for topics with priority queues (5.5): a whole number from 0, the lowest.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withPriority: {
  (priority: number): (self: Message) => Message
  (self: Message, priority: number): Message
} = dual(
  2,
  (self: Message, priority: number): Message => withProperty(self, MessageProperties.PRIORITY, String(priority))
)

/**
 * The same message, delayed by a level of the broker: 1 (1 s) to 18 (2 h). Takes the place of any other delay.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDelayLevel: {
  (level: number): (self: Message) => Message
  (self: Message, level: number): Message
} = dual(2, (self: Message, level: number): Message => delayed(self, MessageProperties.DELAY, String(level)))

/**
 * The same message, held by a timer of the broker (5.0 or later) for this long, counted from its arrival there; in
 * milliseconds when given as a number. Takes the place of any other delay.
 *
 * @example
 * import { make, withDelay } from "@effect-rocketmq/protocol/Message"
 * import { strictEqual } from "node:assert"
 *
 * const message = make({ topic: "orders", body: "cancel order 1 unless paid" }).pipe(withDelay("30 minutes"))
 * strictEqual(message.properties["TIMER_DELAY_MS"], "1800000")
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDelay: {
  (delay: Duration.DurationInput): (self: Message) => Message
  (self: Message, delay: Duration.DurationInput): Message
} = dual(
  2,
  (self: Message, delay: Duration.DurationInput): Message =>
    delayed(self, MessageProperties.TIMER_DELAY_MS, delayText(delay))
)

/**
 * The same message, held by a timer of the broker (5.0 or later) until this time (milliseconds since the epoch). Takes
 * the place of any other delay.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDeliverAt: {
  (time: number | Date): (self: Message) => Message
  (self: Message, time: number | Date): Message
} = dual(
  2,
  (self: Message, time: number | Date): Message => delayed(self, MessageProperties.TIMER_DELIVER_MS, timeText(time))
)
