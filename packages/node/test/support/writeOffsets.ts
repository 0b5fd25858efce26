// Writes offsets as fast as it can, until it is killed, and tells the last one that was written.
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { Effect } from "effect"
import * as NodeOffsetStore from "../../src/NodeOffsetStore.js"

const queue = MessageQueue.make("prices", "broker-a", 0)

Effect.runFork(Effect.gen(function*() {
  const store = yield* NodeOffsetStore.local({ group: "cache", clientId: "till-7", directory: process.argv[2]! })
  yield* store.fetch(queue)
  for (let offset = 1n;; offset++) {
    store.reset(queue, offset)
    yield* store.persist([queue])
    process.stdout.write(`${offset}\n`)
  }
}))
