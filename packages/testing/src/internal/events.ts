/**
 * What the servers of a cluster were asked last, as lines, and failures that show them.
 *
 * @since 0.1.0
 */
import type { RecordedRequest } from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"

/** Fields under both of their names, the long one and that of short headers. */
const field = (request: RecordedRequest, ...names: ReadonlyArray<string>): string | undefined => {
  for (const name of names) {
    const value = request.extFields[name]
    if (value !== undefined) return value
  }
  return undefined
}

const sendV2: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE_V2
])

/** `12:00:03.250  broker-a  PULL_MESSAGE  orders/2 @17 group billing, connection 3` */
const line = (request: RecordedRequest): string => {
  const short = sendV2.has(request.code)
  const topic = short ? field(request, "b") : field(request, "topic")
  const queue = short ? field(request, "e") : field(request, "queueId")
  const group = short ? field(request, "a") : field(request, "consumerGroup", "producerGroup", "group")
  const offset = field(request, "queueOffset", "commitOffset", "offset")
  const place = topic === undefined ? "" : queue === undefined ? ` ${topic}` : ` ${topic}/${queue}`
  return new Date(request.receivedAt).toISOString().slice(11, 23) +
    `  ${request.server}  ${RequestCode.nameOf(request.code)}${place}` +
    (offset === undefined ? "" : ` @${offset}`) +
    (group === undefined ? "" : ` group ${group}`) +
    (request.bodySize === 0 ? "" : `, ${request.bodySize} bytes`) +
    `, connection ${request.connectionId}`
}

export const lines = (requests: ReadonlyArray<RecordedRequest>): ReadonlyArray<string> => requests.map(line)

/** Has each error of a cause say the events too, and leaves it the error that it is: runners of tests show it with them. */
export const annotate = (cause: Cause.Cause<unknown>, events: ReadonlyArray<string>): void => {
  const text = events.length === 0
    ? "The cluster was asked nothing."
    : `The last ${events.length} requests to the cluster:\n  ${events.join("\n  ")}`
  const errors = [...Chunk.toReadonlyArray(Cause.failures(cause)), ...Chunk.toReadonlyArray(Cause.defects(cause))]
  for (const error of new Set(errors)) {
    if (!(error instanceof Error) || Object.isFrozen(error)) continue
    const message = `${error.message}\n\n${text}`
    Object.defineProperty(error, "message", { value: message, configurable: true, enumerable: false, writable: true })
    const { stack } = error
    // what a runner prints may be the stack, whose head is the old message
    if (typeof stack === "string") {
      const at = stack.indexOf("\n    at ")
      Object.defineProperty(error, "stack", {
        value: `${error.name}: ${message}${at < 0 ? "" : stack.slice(at)}`,
        configurable: true,
        enumerable: false,
        writable: true
      })
    }
  }
}
