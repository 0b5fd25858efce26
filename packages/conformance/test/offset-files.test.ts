import * as OffsetStore from "@effect-rocketmq/client/OffsetStore"
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
