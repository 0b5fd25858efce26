/**
 * Whether the members of a group agree: each with a client id of its own, all with the same subscriptions. Brokers keep one
 * subscription for a group and hand out queues by client id, so members that do not agree lose messages or get them twice.
 * Looked at when the consumer starts, when the group changes, and rarely after.
 */
import * as ConsumerConnection from "@effect-rocketmq/protocol/ConsumerConnection"
import * as ConsumerRunningInfo from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type { SubscriptionData } from "@effect-rocketmq/protocol/SubscriptionData"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { Broker } from "../../Broker.js"
import { Client } from "../../Client.js"
import type { GroupProblem, SubscriptionDifference } from "../../ConsumerEvent.js"
import { NameServer } from "../../NameServer.js"
import type { SubscriptionManager } from "../../SubscriptionManager.js"
import { atOnce } from "../atOnce.js"
import type { Report } from "./report.js"
import type { Settings } from "./settings.js"
import * as Signal from "./signal.js"

const MASTER_ID = 0

/** Of a question to a broker, and of one that it passes on to a member, in milliseconds. */
const TIMEOUT = 3_000
const RELAYED_TIMEOUT = 5_000

/** Members that are asked in one look; the next look asks others. */
const MEMBERS = 16

/** What changed a moment ago is looked at when it has settled; in milliseconds. */
const SETTLE = 1_000
/** The least time between two looks, in milliseconds. */
const PAUSE = 3_000
/** Between looks when nothing changed, in milliseconds. */
const RARELY = 5 * 60_000

/** See the module. */
export interface Agreement {
  /** What does not agree now, asked anew. `isMember`: whether brokers count this consumer in already. */
  readonly look: (isMember: boolean) => Effect.Effect<ReadonlyArray<GroupProblem>>
  /** What the last look of `run` found. */
  readonly problems: () => ReadonlyArray<GroupProblem>
  /** Asks for a look soon. */
  readonly trigger: () => void
  /** Looks for ever, and reports each problem once. */
  readonly run: Effect.Effect<never>
}

/** A subscription as text, the same for all that want the same. */
const textOf = ({ expressionType, subString, tagsSet }: SubscriptionData): string => {
  if (expressionType !== "TAG" && expressionType !== "") return `${expressionType} ${subString}`
  if (subString === "*" || subString === "") return "*"
  const tags = tagsSet.length > 0 ? tagsSet : subString.split("||").map((tag) => tag.trim())
  return [...tags].sort().join(" || ")
}

const tableOf = (subscriptions: Iterable<SubscriptionData>): ReadonlyMap<string, string> => {
  const table = new Map<string, string>()
  for (const data of subscriptions) if (!Names.isRetryTopic(data.topic)) table.set(data.topic, textOf(data))
  return table
}

/** What of two members' subscriptions is not the same. */
const differencesOf = (
  own: ReadonlyMap<string, string>,
  theirs: ReadonlyMap<string, string>
): ReadonlyArray<SubscriptionDifference> =>
  [...new Set([...own.keys(), ...theirs.keys()])].sort()
    .map((topic) => ({ topic, own: own.get(topic), theirs: theirs.get(topic) }))
    .filter((difference) => difference.own !== difference.theirs)

const shown = (selector: string | undefined): string => selector === undefined ? "not at all" : `"${selector}"`

/** A problem as a sentence for people. */
export const describe = (group: string, problem: GroupProblem): string =>
  problem._tag === "ClientIdTaken"
    ? `Group "${group}" has more than one member with client id "${problem.clientId}" (${
      problem.addresses.join(", ")
    }): they ` +
      `get the same queues, and every message twice. Give each client an id of its own`
    : `Member "${problem.clientId}" of group "${group}" has other subscriptions: ${
      problem.differences.map(({ own, theirs, topic }) => `topic ${topic} here ${shown(own)}, there ${shown(theirs)}`)
        .join("; ")
    }. Brokers keep one subscription for a group, so messages get lost. Use a group for each set of subscriptions`

/** See the module. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Pick<Settings, "group" | "subscriptions">
  readonly manager: SubscriptionManager
  readonly report: Report
}) {
  const broker = yield* Broker
  const client = yield* Client
  const nameServer = yield* NameServer
  const { manager, report, settings } = options
  const { group, subscriptions } = settings
  const signal = Signal.make()
  const told = new Set<string>()
  /** Members in the order in which they were asked last. */
  const asked = new Map<string, number>()
  let looks = 0
  let current: ReadonlyArray<GroupProblem> = []

  const masters = (): ReadonlySet<string> => {
    const addresses = new Set<string>()
    for (const topic of subscriptions.keys()) {
      for (const byId of nameServer.cached(topic)?.brokers.values() ?? []) {
        const address = byId.get(MASTER_ID)
        if (address !== undefined) addresses.add(address)
      }
    }
    return addresses
  }

  /** The body of an answer, if there is one: a broker that cannot say leaves the question open. */
  const bodyOf = (address: string, request: Request, timeout: number): Effect.Effect<Option.Option<Uint8Array>> =>
    Effect.map(
      Effect.either(broker.request(address, request, timeout)),
      (answer) =>
        Either.isRight(answer) && answer.right.code === ResponseCode.SUCCESS
          ? Option.fromNullable(answer.right.body)
          : Option.none()
    )

  const connectionsAt = (address: string) =>
    Effect.map(
      bodyOf(address, RequestHeader.GetConsumerConnectionList.make({ consumerGroup: group }), TIMEOUT),
      (body) => ({
        address,
        connections: Option.match(Option.flatMap(body, (bytes) => Either.getRight(ConsumerConnection.decode(bytes))), {
          onNone: () => [],
          onSome: ({ connectionSet }) => connectionSet
        })
      })
    )

  const compare = (clientId: string, address: string): Effect.Effect<GroupProblem | undefined> =>
    Effect.map(
      bodyOf(
        address,
        RequestHeader.GetConsumerRunningInfo.make({ consumerGroup: group, clientId, jstackEnable: false }),
        RELAYED_TIMEOUT
      ),
      (body) => {
        const info = Option.flatMap(body, (bytes) => Either.getRight(ConsumerRunningInfo.decode(bytes)))
        // members without subscriptions were assigned queues by hand, or do not tell
        if (Option.isNone(info) || info.value.subscriptionSet.length === 0) return undefined
        const own = tableOf([...subscriptions.values()].map(({ data }) => data))
        const differences = differencesOf(own, tableOf(info.value.subscriptionSet))
        return differences.length === 0 ? undefined : { _tag: "SubscriptionsDiffer", clientId, differences }
      }
    )

  const look: Agreement["look"] = Effect.fnUntraced(function*(isMember) {
    const lists = yield* atOnce(masters(), connectionsAt)
    const problems: Array<GroupProblem> = []
    const others = new Map<string, string>()
    const addresses = new Set<string>()
    for (const { address, connections } of lists) {
      const own = connections.filter(({ clientId }) => clientId === client.clientId)
      if (own.length > (isMember ? 1 : 0)) { for (const { clientAddr } of own) addresses.add(clientAddr) }
      for (const { clientId } of connections) if (clientId !== client.clientId) others.set(clientId, address)
    }
    if (addresses.size > 0) {
      problems.push({ _tag: "ClientIdTaken", clientId: client.clientId, addresses: [...addresses].sort() })
    }
    looks++
    for (const clientId of asked.keys()) if (!others.has(clientId)) asked.delete(clientId)
    const turn = [...others].sort(([a], [b]) => (asked.get(a) ?? 0) - (asked.get(b) ?? 0)).slice(0, MEMBERS)
    const found = yield* atOnce(turn, ([clientId, address]) => {
      asked.set(clientId, looks)
      return compare(clientId, address)
    })
    for (const problem of found) if (problem !== undefined) problems.push(problem)
    return problems
  })

  /** A connection that broke may be counted beside its successor for a moment: only what stays is told. */
  const confirmed = Effect.flatMap(look(true), (problems) =>
    problems.some(({ _tag }) => _tag === "ClientIdTaken")
      ? Effect.zipRight(Effect.sleep(PAUSE), look(true))
      : Effect.succeed(problems))

  const tell = (problem: GroupProblem): Effect.Effect<void> => {
    const key = JSON.stringify(problem._tag === "ClientIdTaken" ? [problem._tag, problem.clientId] : problem)
    if (told.has(key)) return Effect.void
    told.add(key)
    report.publish(problem)
    const noted = problem._tag === "SubscriptionsDiffer"
      ? Effect.forEach(problem.differences, (difference) => manager.noteMember(problem.clientId, difference), {
        discard: true
      })
      : Effect.void
    return Effect.zipRight(Effect.logWarning(describe(group, problem)), noted)
  }

  const run = Effect.gen(function*() {
    while (true) {
      yield* Effect.sleep(SETTLE)
      current = yield* confirmed
      yield* Effect.forEach(current, tell, { discard: true })
      yield* Effect.sleep(PAUSE)
      yield* signal.waitAtMost(RARELY)
    }
  })

  const agreement: Agreement = { look, problems: () => current, trigger: signal.notify, run }
  return agreement
})
