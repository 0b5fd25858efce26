import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as OffsetStore from "@effect-rocketmq/client/OffsetStore"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as Embedded from "@effect-rocketmq/embedded/Embedded"
import * as NodeOffsetStore from "@effect-rocketmq/node/NodeOffsetStore"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"

it.scoped("OffsetStore.local works on the file system of the platform", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    const queue = MessageQueue.make("prices", "broker-a", 0)
    const open = OffsetStore.local({ group: "cache", clientId: "till-8", directory })
    const store = yield* open
    for (const offset of [5n, 6n]) {
      store.update(queue, offset)
      assert.deepStrictEqual(yield* store.persist([queue]), [])
    }
    assert.deepStrictEqual(yield* (yield* open).fetch(queue), Option.some(6n))
    yield* fs.truncate(`${directory}/till-8/cache/offsets.json`, 20)
    assert.deepStrictEqual(yield* (yield* open).fetch(queue), Option.some(5n))
  }).pipe(Effect.provide(NodeContext.layer)))

it.scopedLive("a broadcasting member that comes back with its file goes on where it was", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    const producer = yield* Producer.make({ group: "shop" })
    const seen: Array<string> = []
    const send = (...bodies: ReadonlyArray<string>) =>
      Effect.forEach(bodies, (body) => producer.send(Message.make({ topic: "prices", body })))
    /** One life of the member, until it has seen so many in all. */
    const live = (count: number) =>
      Effect.scoped(Effect.gen(function*() {
        const offsetStore = yield* NodeOffsetStore.local({ group: "caches", clientId: "till-7", directory })
        yield* Consumer.make({
          group: "caches",
          subscriptions: { prices: MessageSelector.all },
          messageModel: "broadcasting",
          consumeFrom: "first",
          offsetStore
        }, (message) => Effect.sync(() => void seen.push(MessageExt.text(message))))
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => seen.length >= count })
      }))
    yield* send("1", "2", "3")
    yield* live(3)
    yield* send("4", "5")
    yield* live(5)
    assert.deepStrictEqual([...seen].sort(), ["1", "2", "3", "4", "5"])
    assert.include(yield* fs.readFileString(`${directory}/till-7/caches/offsets.json`), "\"topic\":\"prices\"")
  }).pipe(Effect.provide(Embedded.layer()), Effect.provide(NodeContext.layer)))
