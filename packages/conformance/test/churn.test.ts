/**
 * Members of a group come, leave and die, while messages are sent all the time: nothing is lost, nothing comes twice but
 * what a dead member had in hand, and no queue is without an owner for long. `CHURN_SECONDS` and `CHURN_STEP` make it
 * longer (2 minutes with a change every 5 seconds is what is measured); on Apache RocketMQ when `ROCKETMQ_NAMESRV_ADDR` is
 * set, else on the embedded broker over TCP.
 */
import { Consumer, Message, MessageExt, MessageQueue, MessageSelector } from "@effect-rocketmq/client"
import { Await, Cluster, Links, Member, Targets } from "@effect-rocketmq/conformance"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Clock, Context, Effect, Layer, Option, Schedule } from "effect"

const address = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
const target = address === "" ? Targets.embeddedTcp : Targets.rocketmq(address)
const cluster = Cluster.layer("churn").pipe(Layer.provide(target))

const seconds = Number(process.env["CHURN_SECONDS"] ?? 12)
const step = Number(process.env["CHURN_STEP"] ?? 2)
const rate = 500

interface MemberOfGroup {
  readonly service: Consumer.Consumer["Type"]
  readonly leave: Effect.Effect<void>
  /** As the end of a process: no word to anybody. */
  readonly die: Effect.Effect<void, never, Scope.Scope>
}

describe("members that come, leave and die", () => {
  it.scopedLive(
    `every ${step} s for ${seconds} s at ${rate} messages a second: nothing is lost, and what comes twice was in hand`,
    () => Effect.provide(Effect.scoped(churn), cluster),
    (seconds + 120) * 1000
  )
})

const churn: Effect.Effect<void, unknown, Cluster.Cluster | Scope.Scope> = Effect.gen(function*() {
  const { group: groupName, masters, nameServer, nameServers, topic } = yield* Cluster.Cluster
  const name = yield* topic({ queues: 8 })
  const group = groupName()
  const queues = (yield* nameServer.route(name)).readQueues
  const addresses = [...nameServers, ...(yield* masters).map((master) => master.address)]
  /** Who handled a message, in order. */
  const handled = new Map<string, Array<number>>()
  const dead = new Set<number>()
  /** What dead members had done and not committed, or were doing. */
  let inHand = 0

  let joined = 0
  const join = Effect.gen(function*() {
    const id = joined++
    const links = yield* Links.make
    const running = yield* Member.start(
      Consumer.layer(
        { group, subscriptions: { [name]: MessageSelector.all }, consumeFrom: "first", concurrency: 16 },
        (message) =>
          Effect.zipRight(
            Effect.sleep("4 millis"),
            Effect.sync(() => {
              if (dead.has(id)) return
              const body = MessageExt.text(message)
              handled.set(body, [...handled.get(body) ?? [], id])
            })
          )
      ).pipe(Layer.provide(links.client))
    )
    const service = Context.get(running.service, Consumer.Consumer)
    yield* service.ready
    const member: MemberOfGroup = {
      service,
      leave: running.stop,
      die: Effect.gen(function*() {
        for (const { committed, position } of (yield* service.stats).queues) {
          inHand += Number(position - Option.getOrElse(committed, () => 0n))
        }
        dead.add(id)
        yield* Effect.forEach(addresses, links.cut, { discard: true })
        yield* Effect.forkScoped(running.stop)
      })
    }
    members.push(member)
  })

  const members: Array<MemberOfGroup> = []
  yield* join
  yield* join

  // how long each queue was in nobody's hands
  const since = new Map<string, number>()
  let longest = 0
  const look = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const owned = new Set<string>()
    for (const { service } of members) {
      for (const queue of yield* service.assignment) owned.add(MessageQueue.key(queue))
    }
    for (const queue of queues) {
      const key = MessageQueue.key(queue)
      if (owned.has(key)) since.delete(key)
      else {
        if (!since.has(key)) since.set(key, now)
        longest = Math.max(longest, now - since.get(key)!)
      }
    }
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced("100 millis")))

  const producer = yield* Member.sender()
  let sent = 0
  const began = yield* Clock.currentTimeMillis
  const sendDue = Effect.gen(function*() {
    const due = Math.floor(((yield* Clock.currentTimeMillis) - began) * rate / 1000)
    const bodies = Array.from({ length: Math.max(0, due - sent) }, (_, i) => String(sent + i))
    sent += bodies.length
    yield* Effect.forEach(bodies, (body) => producer.send(Message.make({ topic: name, body })), {
      concurrency: "unbounded",
      discard: true
    })
  })
  const sending = yield* Effect.forkScoped(Effect.repeat(sendDue, Schedule.spaced("20 millis")))

  const changes = [
    join,
    Effect.suspend(() => members.shift()!.leave),
    join,
    Effect.suspend(() => members.shift()!.die)
  ]
  for (let i = 0; i * step < seconds; i++) {
    yield* Effect.sleep(step * 1000)
    yield* changes[i % changes.length]!
  }
  yield* sending.interruptAsFork(sending.id())
  yield* Await.until("all are handled", Effect.sync(() => handled.size), (size) => size >= sent, {
    within: "60 seconds"
  })
  yield* Effect.sleep("2 seconds")

  const again = [...handled.values()].filter((by) => by.length > 1)
  const ofTheLiving = again.filter((by) => by.slice(0, -1).some((id) => !dead.has(id)))
  yield* Effect.logInfo(
    `${sent} sent, ${handled.size} handled, ${again.length} of them more than once, ${ofTheLiving.length} of these by ` +
      `members that did not die; ${dead.size} died with ${inHand} in hand; a queue had no owner for ${longest} ms at most`
  )
  assert.strictEqual(handled.size, sent)
  assert.isAtMost(again.length - ofTheLiving.length, inHand)
  // none, where the machine does not stand still for longer than a queue takes to change hands
  assert.isAtMost(ofTheLiving.length, sent / 100)
  assert.isAtMost(longest, 25_000)
})
