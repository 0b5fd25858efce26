import type { StoreResult } from "@effect-rocketmq/client/Broker"
import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import { Effect, Fiber, TestClock } from "effect"
import type { Behaviour, ProducerCluster } from "./ProducerCluster.js"

/** What most tests send. */
export const order = Message.make({ topic: "orders", tags: "paid", keys: ["42"], body: "hello" })

/** Always the first queue, until it fails: tests know which broker comes first. */
export const firstQueue = MessageQueueSelector.make(() => 0, { sticky: false })

/** How an effect ends within so many milliseconds of the test clock; it must. */
export const within = <A, E, R>(duration: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(effect))
    yield* TestClock.adjust(duration)
    const result = yield* Fiber.poll(fiber)
    if (result._tag === "None") return yield* Effect.die(new Error(`has not ended within ${duration} ms`))
    return yield* Effect.flatten(result.value)
  })

/** Milliseconds of the test clock. */
export const now = Effect.clockWith((clock) => clock.currentTimeMillis)

/** Stores, with this status. */
export const weakly = (cluster: ProducerCluster, status: StoreResult["status"]): Behaviour => (arrival) =>
  Effect.map(cluster.accept(arrival), (stored) => ({ ...stored, status }))

/** Answers after so many milliseconds. */
export const after = (cluster: ProducerCluster, millis: number): Behaviour => (arrival) =>
  Effect.zipRight(Effect.sleep(millis), cluster.accept(arrival))

/** How many requests a broker got. */
export const countAt = (cluster: ProducerCluster, brokerName: string): number =>
  cluster.sequence.filter((queue) => queue.startsWith(`${brokerName}/`)).length

/** The times at which requests arrived. */
export const times = (cluster: ProducerCluster): ReadonlyArray<number> => cluster.arrivals.map(({ at }) => at)
