/**
 * What a group wants of which topic, as a registry in memory: checked, bounded, with a memory of what did not agree, and
 * written to and read from JSON. A consumer keeps its own subscriptions in one; programs may use one without a consumer.
 *
 * @since 0.1.0
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as MessageSelector from "./MessageSelector.js"
import * as Errors from "./SubscriptionError.js"

/**
 * How a registry is made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly group: string
  /** Most topics. Default 1000. */
  readonly limit?: number | undefined
  /** How many of the latest conflicts are remembered. Default 100. */
  readonly history?: number | undefined
}

/**
 * One topic and what is wanted of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly topic: string
  readonly selector: MessageSelector.MessageSelector
  /** When the topic was subscribed to, in milliseconds. */
  readonly subscribedAt: number
  /** Milliseconds; grows with each change of the selector, as brokers ask of the version of a subscription. */
  readonly version: number
}

/**
 * Two wishes that do not agree: another selector for a topic that is subscribed to (refused, or taken over by an import),
 * or another member of the group that wants something else. Selectors of members are text; `undefined`: not subscribed.
 *
 * @since 0.1.0
 * @category models
 */
export type Conflict =
  | {
    readonly _tag: "Selector"
    readonly topic: string
    readonly existing: MessageSelector.MessageSelector
    readonly wanted: MessageSelector.MessageSelector
    readonly resolution: "Refused" | "Replaced"
    /** In milliseconds. */
    readonly at: number
  }
  | {
    readonly _tag: "Member"
    readonly topic: string
    readonly clientId: string
    readonly own: string | undefined
    readonly theirs: string | undefined
    readonly at: number
  }

/**
 * Counts since the registry was made; `active` is how many topics there are now.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counts {
  readonly active: number
  readonly subscribed: number
  readonly updated: number
  readonly unsubscribed: number
  /** Wishes that were refused for what they are. */
  readonly invalid: number
  readonly conflicts: number
}

const Selector = Schema.Union(
  Schema.Struct({ _tag: Schema.Literal("All") }),
  Schema.Struct({ _tag: Schema.Literal("Tags"), tags: Schema.Array(Schema.String) }),
  Schema.Struct({ _tag: Schema.Literal("Sql"), expression: Schema.String })
)

/**
 * Exported subscriptions.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Exported = Schema.Struct({
  format: Schema.Literal(1),
  group: Schema.String,
  subscriptions: Schema.Array(Schema.Struct({
    topic: Schema.String,
    selector: Selector,
    subscribedAt: Schema.Number,
    version: Schema.Number
  }))
})

const Json = Schema.parseJson(Exported)
const decode = Schema.decodeUnknownEither(Json)
const encode = Schema.encodeSync(Json)

/**
 * A registry. Every change is atomic.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscriptionManager {
  readonly group: string
  /**
   * Adds a topic. The same once more changes nothing; another selector for a topic that is there is a conflict, which is
   * remembered and refused.
   */
  readonly subscribe: (
    topic: string,
    selector: MessageSelector.MessageSelector
  ) => Effect.Effect<
    Entry,
    | Errors.InvalidTopicError
    | Errors.InvalidSelectorError
    | Errors.SubscriptionConflictError
    | Errors.SubscriptionLimitExceededError
  >
  /** Takes a topic out, and gives what was wanted of it. */
  readonly unsubscribe: (topic: string) => Effect.Effect<Entry, Errors.TopicNotSubscribedError>
  /** Replaces the selector of a topic that is there. */
  readonly update: (
    topic: string,
    selector: MessageSelector.MessageSelector
  ) => Effect.Effect<Entry, Errors.InvalidTopicError | Errors.InvalidSelectorError | Errors.TopicNotSubscribedError>
  readonly get: (topic: string) => Effect.Effect<Option.Option<Entry>>
  /** All topics, in the order in which they were subscribed to. */
  readonly list: Effect.Effect<ReadonlyArray<Entry>>
  readonly isSubscribed: (topic: string) => Effect.Effect<boolean>
  /** Takes all topics out, and gives how many there were. */
  readonly clear: Effect.Effect<number>
  /** All subscriptions as JSON text, see {@link Exported}. */
  readonly exported: Effect.Effect<string>
  /**
   * Takes over what was exported, all or nothing. A topic that is there with another selector is refused, or with
   * `onConflict: "replace"` takes the one of the text.
   */
  readonly imported: (
    json: string,
    options?: { readonly onConflict?: "refuse" | "replace" | undefined }
  ) => Effect.Effect<
    ReadonlyArray<Entry>,
    | Errors.SubscriptionDataError
    | Errors.InvalidTopicError
    | Errors.InvalidSelectorError
    | Errors.SubscriptionConflictError
    | Errors.SubscriptionLimitExceededError
  >
  /** Remembers that another member of the group wants something else. */
  readonly noteMember: (
    clientId: string,
    difference: { readonly topic: string; readonly own: string | undefined; readonly theirs: string | undefined }
  ) => Effect.Effect<void>
  /** The latest conflicts, oldest first. */
  readonly conflicts: Effect.Effect<ReadonlyArray<Conflict>>
  readonly counts: Effect.Effect<Counts>
}

const DEFAULT_LIMIT = 1000
const DEFAULT_HISTORY = 100

const changes = Metric.counter("rocketmq_client_subscription_changes", {
  description: "changes of the subscriptions of a group, and wishes that were refused",
  incremental: true
})

const active = Metric.gauge("rocketmq_client_subscriptions", { description: "topics that a group is subscribed to" })

type Change = "subscribed" | "updated" | "unsubscribed" | "invalid" | "conflicts"

interface State {
  readonly entries: ReadonlyMap<string, Entry>
  readonly conflicts: ReadonlyArray<Conflict>
  readonly counts: Readonly<Record<Change, number>>
}

/** What is made of a state: an outcome, and the next state also when it is a failure. */
type Step<A, E> = readonly [Either.Either<A, E>, State]

const shown = (selector: MessageSelector.MessageSelector): string =>
  `${selector._tag === "Sql" ? "SQL92 " : ""}"${MessageSelector.expression(selector)}"`

/**
 * What is wrong with a topic and a selector for a group, if anything is. Nothing is asked of a broker: it alone knows
 * whether an SQL92 expression parses.
 *
 * @since 0.1.0
 * @category combinators
 */
export const validate = (
  group: string,
  topic: string,
  selector: MessageSelector.MessageSelector
): Either.Either<void, Errors.InvalidTopicError | Errors.InvalidSelectorError> => {
  const topicProblem = Names.topicProblem(topic) ??
    (topic === Names.retryTopic(group) ? "is the group's own retry topic, which it receives anyway" : undefined)
  if (topicProblem !== undefined) {
    return Either.left(new Errors.InvalidTopicError({ group, topic, problem: topicProblem }))
  }
  const problem = MessageSelector.problem(selector)
  return problem === undefined ? Either.void : Either.left(
    new Errors.InvalidSelectorError({ group, topic, selector: `"${MessageSelector.expression(selector)}"`, problem })
  )
}

/**
 * Whether two selectors want the same messages as far as their text tells: tags in any order.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sameSelector = (
  self: MessageSelector.MessageSelector,
  that: MessageSelector.MessageSelector
): boolean => {
  if (self._tag !== "Tags" || that._tag !== "Tags") {
    return self._tag === that._tag && MessageSelector.expression(self) === MessageSelector.expression(that)
  }
  const tags = new Set(self.tags)
  return tags.size === new Set(that.tags).size && that.tags.every((tag) => tags.has(tag))
}

/**
 * An empty registry for a group.
 *
 * @example
 * import { MessageSelector, SubscriptionManager } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const manager = yield* SubscriptionManager.make({ group: "billing" })
 *   yield* manager.subscribe("orders", MessageSelector.tags("paid"))
 *   yield* manager.update("orders", MessageSelector.tags("paid", "refunded"))
 *   return yield* manager.counts
 * })
 *
 * Effect.runPromise(program).then(({ active, updated }) => assert.deepStrictEqual([active, updated], [1, 1]))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<SubscriptionManager> =>
  Effect.gen(function*() {
    const { group, history = DEFAULT_HISTORY, limit = DEFAULT_LIMIT } = options
    const state = yield* Ref.make<State>({
      entries: new Map(),
      conflicts: [],
      counts: { subscribed: 0, updated: 0, unsubscribed: 0, invalid: 0, conflicts: 0 }
    })
    const size = Metric.tagged(active, "group", group)
    const tagged = Metric.tagged(changes, "group", group)
    const counted = (change: Change, by: number) => Metric.incrementBy(Metric.tagged(tagged, "change", change), by)

    /** Does a step, tells the metrics of it, and gives its outcome. */
    const change = <A, E>(step: (state: State, now: number) => Step<A, E>): Effect.Effect<A, E> =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const [outcome, before, after] = yield* Ref.modify(state, (before) => {
          const [outcome, after] = step(before, now)
          return [[outcome, before, after] as const, after]
        })
        for (const name of Object.keys(after.counts) as Array<Change>) {
          const by = after.counts[name] - before.counts[name]
          if (by > 0) yield* counted(name, by)
        }
        yield* Metric.set(size, after.entries.size)
        return yield* outcome
      }).pipe(Effect.uninterruptible)

    const count = (self: State, change: Change, by = 1): State => ({
      ...self,
      counts: { ...self.counts, [change]: self.counts[change] + by }
    })
    const withEntry = (self: State, entry: Entry): State => ({
      ...self,
      entries: new Map(self.entries).set(entry.topic, entry)
    })
    const withConflict = (self: State, conflict: Conflict): State =>
      count({ ...self, conflicts: [...self.conflicts, conflict].slice(-Math.max(1, history)) }, "conflicts")
    const refused = <E>(self: State, error: E): Step<never, E> => [Either.left(error), self]
    const replaced = (self: Entry, selector: MessageSelector.MessageSelector, now: number): Entry => ({
      ...self,
      selector,
      version: Math.max(now, self.version + 1)
    })

    type AddError =
      | Errors.InvalidTopicError
      | Errors.InvalidSelectorError
      | Errors.SubscriptionConflictError
      | Errors.SubscriptionLimitExceededError

    const add = (self: State, entry: Entry, now: number, onConflict: "refuse" | "replace"): Step<Entry, AddError> => {
      const { selector, topic } = entry
      const valid = validate(group, topic, selector)
      if (Either.isLeft(valid)) return refused(count(self, "invalid"), valid.left)
      const known = self.entries.get(topic)
      if (known === undefined) {
        return self.entries.size >= limit
          ? refused(count(self, "invalid"), new Errors.SubscriptionLimitExceededError({ group, topic, limit }))
          : [Either.right(entry), count(withEntry(self, entry), "subscribed")]
      }
      if (sameSelector(known.selector, selector)) return [Either.right(known), self]
      const conflict = { _tag: "Selector", topic, existing: known.selector, wanted: selector, at: now } as const
      if (onConflict === "replace") {
        const next = replaced(known, selector, now)
        const told = withConflict(self, { ...conflict, resolution: "Replaced" })
        return [Either.right(next), count(withEntry(told, next), "updated")]
      }
      return refused(
        withConflict(self, { ...conflict, resolution: "Refused" }),
        new Errors.SubscriptionConflictError({
          group,
          topic,
          existing: shown(known.selector),
          wanted: shown(selector)
        })
      )
    }

    const update = (
      self: State,
      topic: string,
      selector: MessageSelector.MessageSelector,
      now: number
    ): Step<Entry, Errors.InvalidTopicError | Errors.InvalidSelectorError | Errors.TopicNotSubscribedError> => {
      const known = self.entries.get(topic)
      if (known === undefined) return refused(self, new Errors.TopicNotSubscribedError({ group, topic }))
      const valid = validate(group, topic, selector)
      if (Either.isLeft(valid)) return refused(count(self, "invalid"), valid.left)
      if (sameSelector(known.selector, selector)) return [Either.right(known), self]
      const next = replaced(known, selector, now)
      return [Either.right(next), count(withEntry(self, next), "updated")]
    }

    const imported = (
      self: State,
      exported: typeof Exported.Type,
      now: number,
      onConflict: "refuse" | "replace"
    ): Step<ReadonlyArray<Entry>, AddError> => {
      let next = self
      const all: Array<Entry> = []
      for (const { selector, subscribedAt, topic } of exported.subscriptions) {
        const [outcome, after] = add(next, { topic, selector, subscribedAt, version: now }, now, onConflict)
        if (Either.isLeft(outcome)) {
          // all or nothing: only what was refused is remembered
          const { conflicts, counts } = onConflict === "refuse" ? after : self
          const { invalid } = after.counts
          return refused(
            { ...self, conflicts, counts: { ...self.counts, conflicts: counts.conflicts, invalid } },
            outcome.left
          )
        }
        all.push(outcome.right)
        next = after
      }
      return [Either.right(all), next]
    }

    const read = (json: string): Either.Either<typeof Exported.Type, Errors.SubscriptionDataError> => {
      const wrong = (problem: string) => Either.left(new Errors.SubscriptionDataError({ group, problem }))
      const decoded = decode(json)
      if (Either.isLeft(decoded)) return wrong(ParseResult.TreeFormatter.formatErrorSync(decoded.left))
      const of = decoded.right.group
      return of === group ? Either.right(decoded.right) : wrong(`they are those of group "${of}"`)
    }

    return {
      group,
      subscribe: (topic, selector) =>
        change((self, now) => add(self, { topic, selector, subscribedAt: now, version: now }, now, "refuse")),
      unsubscribe: (topic) =>
        change((self): Step<Entry, Errors.TopicNotSubscribedError> => {
          const known = self.entries.get(topic)
          if (known === undefined) return refused(self, new Errors.TopicNotSubscribedError({ group, topic }))
          const entries = new Map(self.entries)
          entries.delete(topic)
          return [Either.right(known), count({ ...self, entries }, "unsubscribed")]
        }),
      update: (topic, selector) => change((self, now) => update(self, topic, selector, now)),
      get: (topic) => Effect.map(Ref.get(state), ({ entries }) => Option.fromNullable(entries.get(topic))),
      list: Effect.map(Ref.get(state), ({ entries }) => [...entries.values()]),
      isSubscribed: (topic) => Effect.map(Ref.get(state), ({ entries }) => entries.has(topic)),
      clear: change((self): Step<number, never> => {
        const { size } = self.entries
        return [Either.right(size), count({ ...self, entries: new Map() }, "unsubscribed", size)]
      }),
      exported: Effect.map(
        Ref.get(state),
        ({ entries }) => encode({ format: 1, group, subscriptions: [...entries.values()] })
      ),
      imported: (json, options) =>
        Effect.flatMap(
          read(json),
          (exported) => change((self, now) => imported(self, exported, now, options?.onConflict ?? "refuse"))
        ),
      noteMember: (clientId, { own, theirs, topic }) =>
        change((self, at): Step<void, never> => [
          Either.void,
          withConflict(self, { _tag: "Member", topic, clientId, own, theirs, at })
        ]),
      conflicts: Effect.map(Ref.get(state), ({ conflicts }) => conflicts),
      counts: Effect.map(Ref.get(state), ({ counts, entries }) => ({ active: entries.size, ...counts }))
    }
  })
