/**
 * What a send can fail with, told apart where it is called.
 *
 * @since 0.1.0
 */
import { Message, Producer } from "@effect-rocketmq/client"
import { EmbeddedCluster, Fault } from "@effect-rocketmq/embedded"
import { RequestCode, ResponseCode } from "@effect-rocketmq/protocol"
import { Effect } from "effect"

/** Sends, and says what became of the message. The compiler knows which errors are left. */
const place = (message: Message.Message) =>
  Effect.gen(function*() {
    const producer = yield* Producer.Producer
    const receipt = yield* producer.send(message)
    return `stored after ${receipt.attempts.length} attempt(s)`
  }).pipe(
    Effect.catchTags({
      // Breaks a rule; refused before anything was sent, and never retried.
      MessageValidationError: (error) => Effect.succeed(`invalid ${error.field}: ${error.problem}`),
      // No name server knows the topic, and brokers do not create topics on demand.
      TopicRouteNotFoundError: (error) => Effect.succeed(`no topic ${error.topic}, creation is ${error.autoCreation}`),
      // Tried until the deadline or the limit. `Unknown`: an attempt may have stored the message after all.
      RetryExhaustedError: (error) =>
        Effect.succeed(
          `${error.outcome} after ${error.attempts.map(({ error }) => error?._tag ?? "accepted").join(", ")}`
        )
    }),
    // Everything else has a `message` for people, too.
    Effect.catchAll((error) => Effect.succeed(`${error._tag}: ${error.message}`))
  )

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const cluster = yield* EmbeddedCluster.EmbeddedCluster
  yield* cluster.createTopic("orders")
  const order = Message.make({ topic: "orders", body: "order 1" })

  const stored = yield* place(order)
  const invalid = yield* place(Message.make({ topic: "no spaces allowed", body: "order 1" }))
  const unknown = yield* place(Message.make({ topic: "nowhere", body: "order 1" }))

  // From now on the only broker is busy: it refuses every send and stores nothing.
  yield* cluster.inject(
    Fault.fail(ResponseCode.SYSTEM_BUSY, "busy").pipe(Fault.onCode(RequestCode.SEND_MESSAGE_V2))
  )
  const exhausted = yield* place(order)

  return { stored, invalid, unknown, exhausted }
}).pipe(Effect.provide(Producer.layer({ group: "checkout", retries: 2 })))
