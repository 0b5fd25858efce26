/**
 * Members of a group that do not agree find out, and say with whom and about what.
 *
 * @since 0.1.0
 */
import type * as Consumer from "@effect-rocketmq/client/Consumer"
import type { ConsumerEvent, GroupProblem } from "@effect-rocketmq/client/ConsumerEvent"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"

const behaviour = area("agreement")

const member = (
  group: string,
  clientId: string,
  subscriptions: Member.ConsumerOptions["subscriptions"],
  options?: Partial<Member.ConsumerOptions>
) => Member.consumer({ group, subscriptions, client: { clientId }, ...options }, () => Effect.void)

/** Waits for problems, and gives them. */
const problemsOf = (claim: string, consumer: Consumer.Consumer["Type"]) =>
  Await.until(claim, consumer.groupProblems, (problems) => problems.length > 0, { within: "25 seconds" })

const isProblem = (event: ConsumerEvent): event is GroupProblem =>
  event._tag === "SubscriptionsDiffer" || event._tag === "ClientIdTaken"

/**
 * @since 0.1.0
 * @category behaviours
 */
export const agreement: ReadonlyArray<Behaviour> = [
  behaviour("members with other selectors report each other, and what differs, once", function*() {
    const { group, topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const own = group()
    const [one, two] = [`${own}-one`, `${own}-two`]
    const first = yield* member(own, one, { [name]: MessageSelector.tags("b", "a") })
    const told = Inbox.make<GroupProblem>()
    yield* Effect.forkScoped(
      Stream.runForEach(
        Stream.filter(first.service.events, isProblem),
        (problem) => Effect.sync(() => told.add(problem))
      )
    )
    const second = yield* member(own, two, { [name]: MessageSelector.sql("a > 1") })
    const seen = yield* problemsOf("the older member finds out", first.service)
    yield* Expect.equal("it names the other and what differs", seen, [{
      _tag: "SubscriptionsDiffer",
      clientId: two,
      differences: [{ topic: name, own: "a || b", theirs: "SQL92 a > 1" }]
    }])
    const back = yield* problemsOf("the younger member finds out", second.service)
    yield* Expect.equal("it names the other and what differs", back, [{
      _tag: "SubscriptionsDiffer",
      clientId: one,
      differences: [{ topic: name, own: "SQL92 a > 1", theirs: "a || b" }]
    }])
    yield* Await.nothingMore("it is told once", told, "6 seconds")
    yield* Expect.equal("as an event", told.all().length, 1)
  }, "60 seconds"),

  behaviour("members with other topics report each other", function*() {
    const { group, topic } = yield* Cluster
    const [shared, extra] = [yield* topic({ queues: 1 }), yield* topic({ queues: 1 })]
    const own = group()
    const [one, two] = [`${own}-one`, `${own}-two`]
    const first = yield* member(own, one, { [shared]: MessageSelector.all })
    const second = yield* member(own, two, { [shared]: MessageSelector.all, [extra]: MessageSelector.all })
    const seen = yield* problemsOf("the older member finds out", first.service)
    const back = yield* problemsOf("the younger member finds out", second.service)
    yield* Expect.equal("they tell the topic", [seen, back], [
      [{ _tag: "SubscriptionsDiffer", clientId: two, differences: [{ topic: extra, own: undefined, theirs: "*" }] }],
      [{ _tag: "SubscriptionsDiffer", clientId: one, differences: [{ topic: extra, own: "*", theirs: undefined }] }]
    ])
    yield* first.service.subscribe(extra, MessageSelector.all)
    yield* Await.until(
      "once they agree, it is over",
      first.service.groupProblems,
      (problems) => problems.length === 0,
      {
        within: "25 seconds"
      }
    )
  }, "60 seconds"),

  behaviour("two members with one client id report it", function*() {
    const { group, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const own = group()
    const first = yield* member(own, `${own}-twin`, { [name]: MessageSelector.all })
    const second = yield* member(own, `${own}-twin`, { [name]: MessageSelector.all })
    for (const { service } of [first, second]) {
      const [problem] = yield* problemsOf("each finds out", service)
      yield* Expect.equal("what it is", [problem?._tag, problem?.clientId], ["ClientIdTaken", `${own}-twin`])
      yield* Expect.equal(
        "and where they are",
        problem?._tag === "ClientIdTaken" ? problem.addresses.length >= 2 : undefined,
        true
      )
    }
  }, "60 seconds"),

  behaviour("a strict member does not start beside members that it does not agree with", function*() {
    const { broker, group, masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const own = group()
    const first = yield* member(own, `${own}-one`, { [name]: MessageSelector.all }, { strictGroup: true })
    const differs = yield* Expect.fails(
      "other subscriptions are refused",
      member(own, `${own}-two`, { [name]: MessageSelector.tags("a") }, { strictGroup: true }),
      "ConsumerStartError"
    )
    yield* Expect.equal("for that reason", [differs.reason, differs.clientId], ["SubscriptionsDiffer", `${own}-one`])
    yield* Expect.mentions("the message says what differs", differs.message, [name, "\"a\"", "\"*\""])
    const taken = yield* Expect.fails(
      "its client id is refused",
      member(own, `${own}-one`, { [name]: MessageSelector.all }, { strictGroup: true }),
      "ConsumerStartError"
    )
    yield* Expect.equal("for that reason", [taken.reason, taken.clientId], ["ClientIdTaken", `${own}-one`])
    for (const { address } of yield* masters) {
      const members = yield* broker.consumerList(address, own)
      yield* Expect.equal("brokers never saw them", members._tag === "Some" ? members.value : [], [`${own}-one`])
    }
    yield* member(own, `${own}-three`, { [name]: MessageSelector.all }, { strictGroup: true })
    yield* Effect.sleep("3 seconds")
    yield* Expect.equal("members that agree have no problem", yield* first.service.groupProblems, [])
  }, "60 seconds")
]
