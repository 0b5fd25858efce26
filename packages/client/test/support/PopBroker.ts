import type * as RemotingError from "@effect-rocketmq/client/RemotingError"
import { Clock, Effect, Layer } from "effect"
import * as Broker from "../../src/Broker.js"
import type { BrokerError } from "../../src/BrokerError.js"
import type { ReceiptHandle } from "../../src/ReceiptHandle.js"
import { ReceiptExpiredError } from "../../src/ReceiptHandle.js"
import type { Stored } from "../consumer/fake.js"
import * as Fake from "../consumer/fake.js"

export type Failure = BrokerError | RemotingError.RemotingError

export interface Change {
  readonly offset: number
  readonly invisibleTime: number
  readonly at: number
}

/** A broker that is popped, in memory: it records what it is told, and gives nothing again by itself. */
export const make = (topic: string, cluster = new Fake.Cluster({ [topic]: 1 })) => {
  const waiting: Array<Stored> = []
  let next = 0
  let arrived: Array<() => void> = []
  const log = {
    pops: [] as Array<Broker.PopRequest>,
    /** Offsets of each request that was taken. */
    acks: [] as Array<ReadonlyArray<number>>,
    /** Offset and pop time of each handle that was acknowledged. */
    handles: [] as Array<readonly [offset: number, popTime: number]>,
    changes: [] as Array<Change>
  }
  const hooks = {
    pop: (): Failure | undefined => undefined,
    ack: (_isBatch: boolean): Failure | undefined => undefined,
    change: (): Effect.Effect<void, Failure> => Effect.void
  }

  const lapsed = (group: string, { handle, topic: name }: Broker.Receipt) =>
    new ReceiptExpiredError({
      reason: "Lapsed",
      address: Fake.ADDRESS,
      group,
      topic: name,
      brokerName: Fake.BROKER,
      queueId: handle.queueId,
      offset: handle.queueOffset,
      expiredAt: handle.expiresAt
    })

  const arrival = Effect.async<void>((resume) => {
    arrived.push(() => resume(Effect.void))
  })

  const taken = (request: Broker.PopRequest, now: number): Broker.PopResult => {
    const some = waiting.splice(0, request.maxMessages)
    return {
      status: some.length === 0 ? "NoNewMessage" : "Found",
      rest: BigInt(waiting.length),
      undecodable: [],
      bytes: 0,
      messages: some.map((stored) => {
        const offset = next++
        const handle: ReceiptHandle = {
          checkpointOffset: BigInt(offset),
          popTime: now,
          invisibleTime: request.invisibleTime,
          reviveQueueId: 0,
          origin: "Topic",
          brokerName: Fake.BROKER,
          queueId: 0,
          queueOffset: BigInt(offset),
          expiresAt: now + request.invisibleTime
        }
        return { message: Fake.message(topic, 0, offset, stored), handle }
      })
    }
  }

  const acked = (receipts: ReadonlyArray<Broker.Receipt>) => {
    log.acks.push(receipts.map(({ handle }) => Number(handle.queueOffset)))
    for (const { handle } of receipts) log.handles.push([Number(handle.queueOffset), handle.popTime])
  }

  const overrides: Partial<Broker.Broker["Type"]> = {
    pop: (_address, request) =>
      Effect.gen(function*() {
        log.pops.push(request)
        const failure = hooks.pop()
        if (failure !== undefined) return yield* Effect.fail(failure)
        if (waiting.length === 0 && request.pollTime > 0) yield* Effect.timeoutOption(arrival, request.pollTime)
        return taken(request, yield* Clock.currentTimeMillis)
      }),
    ack: (_address, group, receipt) =>
      Effect.gen(function*() {
        const failure = hooks.ack(false)
        if (failure !== undefined) return yield* Effect.fail(failure)
        if ((yield* Clock.currentTimeMillis) >= receipt.handle.expiresAt) return yield* lapsed(group, receipt)
        acked([receipt])
      }),
    batchAck: (_address, group, receipts) =>
      Effect.gen(function*() {
        const failure = hooks.ack(true)
        if (failure !== undefined) return yield* Effect.fail(failure)
        const now = yield* Clock.currentTimeMillis
        acked(receipts.filter(({ handle }) => now < handle.expiresAt))
        return receipts.filter(({ handle }) => now >= handle.expiresAt).map((receipt) => lapsed(group, receipt))
      }),
    changeInvisibility: (_address, group, receipt, invisibleTime) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        if (now >= receipt.handle.expiresAt) return yield* lapsed(group, receipt)
        log.changes.push({ offset: Number(receipt.handle.queueOffset), invisibleTime, at: now })
        yield* hooks.change()
        return { ...receipt.handle, popTime: now, invisibleTime, expiresAt: now + invisibleTime }
      })
  }

  const layer = Layer.fresh(
    Layer.effect(Broker.Broker, Effect.map(Broker.Broker, (broker) => ({ ...broker, ...overrides }))).pipe(
      Layer.provideMerge(cluster.layer)
    )
  )

  return {
    cluster,
    log,
    hooks,
    layer,
    /** Messages to pop. */
    store: (...all: ReadonlyArray<Stored>) => {
      for (const stored of all) waiting.push(stored)
      const wake = arrived
      arrived = []
      for (const one of wake) one()
    }
  }
}
