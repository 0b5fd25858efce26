/**
 * What a subscription lets through: by the hash of a tag, or by an SQL92 expression over properties. SQL92 expressions of
 * heartbeats are kept by group and topic beside the subscriptions, as RocketMQ keeps them: they outlive the group's
 * members, and one that does not parse leaves none behind.
 *
 * @since 0.1.0
 */
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Either from "effect/Either"
import type { ConsumerEntry, Subscription } from "./bodies.js"
import type { Answer } from "./server.js"
import { answer } from "./server.js"
import * as Sql from "./sql.js"
import type { Filter } from "./store.js"

export const everything: Filter = () => true

export const isTag = (expressionType: string): boolean => expressionType === "TAG" || expressionType === ""

/** What a broker says to filters other than tags while `enablePropertyFilter` is off. */
export const unsupported = (expressionType: string): Answer =>
  answer(ResponseCode.SYSTEM_ERROR, `The broker does not support consumer to filter message by ${expressionType}`)

const tagFilters = new WeakMap<Subscription, Filter>()

/** By the hashes of the heartbeat's `codeSet`, never by its expression: an empty set with a tag matches nothing. */
export const byTag = (subscription: Subscription): Filter => {
  if (subscription.subString === "*" || subscription.classFilterMode) return everything
  let filter = tagFilters.get(subscription)
  if (filter === undefined) {
    const codes = new Set(subscription.codeSet)
    tagFilters.set(subscription, filter = (tagsCode) => codes.has(tagsCode))
  }
  return filter
}

/** The filter of an expression of a type other than tags; or what is wrong with it, as RocketMQ says it. */
export const bySql = (expressionType: string, expression: string): Either.Either<Filter, string> =>
  expressionType === "SQL92"
    ? Either.map(
      Sql.compile(expression),
      // without properties all that is known is a tag's hash, which says nothing here
      (matches): Filter => (_tagsCode, properties) => properties === undefined || matches(properties())
    )
    : Either.left(
      "Cannot invoke \"org.apache.rocketmq.filter.FilterSpi.compile(String)\" because the return value of " +
        "\"org.apache.rocketmq.filter.FilterFactory.get(String)\" is null"
    )

/** What a group wants of a topic by an expression that is not about tags. */
export interface FilterData {
  readonly expressionType: string
  readonly expression: string
  readonly version: bigint
  readonly filter: Filter
}

export interface Filters {
  /** Takes what a heartbeat says about a group. */
  readonly register: (entry: ConsumerEntry) => void
  readonly get: (group: string, topic: string) => FilterData | undefined
}

export const make = (): Filters => {
  const table = new Map<string, FilterData>()
  const keyOf = (group: string, topic: string) => `${topic}@${group}`
  return {
    register: ({ groupName, subscriptions }) => {
      for (const { expressionType, subString: expression, subVersion: version, topic } of subscriptions) {
        if (isTag(expressionType) || expression === "") continue
        const key = keyOf(groupName, topic)
        const known = table.get(key)
        if (known !== undefined && version <= known.version) continue
        if (known?.expression === expression && known.expressionType === expressionType) {
          table.set(key, { ...known, version })
          continue
        }
        const filter = bySql(expressionType, expression)
        if (Either.isRight(filter)) table.set(key, { expressionType, expression, version, filter: filter.right })
        else table.delete(key)
      }
    },
    get: (group, topic) => table.get(keyOf(group, topic))
  }
}
