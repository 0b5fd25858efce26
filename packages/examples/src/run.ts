/**
 * Runs an example on the embedded broker and shows what it gives: `npx tsx packages/examples/src/run.ts batches`.
 *
 * @since 0.1.0
 */
import { Embedded } from "@effect-rocketmq/embedded"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import * as autoBatching from "./auto-batching.js"
import * as batches from "./batches.js"
import * as broadcast from "./broadcast.js"
import * as compression from "./compression.js"
import * as configuration from "./configuration.js"
import * as delayLevel from "./delay-level.js"
import * as polling from "./polling.js"
import * as requestReply from "./request-reply.js"
import * as retryAndDeadLetters from "./retry-and-dead-letters.js"
import * as sendAndConsume from "./send-and-consume.js"
import * as timed from "./timed.js"
import * as transaction from "./transaction.js"
import * as typedErrors from "./typed-errors.js"
import * as virtualTime from "./virtual-time.js"

const [, , name = ""] = process.argv

const example = Effect.gen(function*() {
  switch (name) {
    case "auto-batching":
      return yield* autoBatching.program
    case "batches":
      return yield* batches.program
    case "broadcast":
      return yield* broadcast.program
    case "compression":
      return yield* compression.program
    case "configuration":
      return yield* configuration.program
    case "delay-level":
      return yield* delayLevel.program
    case "polling":
      return yield* polling.program
    case "request-reply":
      return yield* requestReply.program
    case "retry-and-dead-letters":
      return yield* retryAndDeadLetters.program
    case "send-and-consume":
      return yield* sendAndConsume.program
    case "timed":
      return yield* timed.program
    case "transaction":
      return yield* transaction.program
    case "typed-errors":
      return yield* typedErrors.program
    case "virtual-time":
      return yield* virtualTime.program
    default:
      return yield* Effect.fail(new Error(`No example is called "${name}"; see packages/examples/README.md`))
  }
})

example.pipe(
  Effect.flatMap((result) => Console.dir(result, { depth: 4 })),
  // one example wants a topic that nobody creates, another one recalls
  Effect.provide(Embedded.layer({ cluster: { autoCreateTopic: name !== "typed-errors", recallMessage: true } })),
  NodeRuntime.runMain
)
