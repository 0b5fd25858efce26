/**
 * What happened last at the servers of a cluster, and failures that show it.
 *
 * @since 0.1.0
 */
import * as ClusterEvent from "@effect-rocketmq/embedded/ClusterEvent"
import type { RecordedRequest } from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"

/** What a proxy has recorded. */
export const ofRequests = (requests: ReadonlyArray<RecordedRequest>): ReadonlyArray<ClusterEvent.ClusterEvent> =>
  requests.map(({ connectionId, receivedAt, ...request }) => ({
    _tag: "Requested",
    ...request,
    at: receivedAt,
    connection: connectionId,
    fault: undefined
  }))

/** Has each error of a cause say the events too, and leaves it the error that it is: runners of tests show it with them. */
export const annotate = (cause: Cause.Cause<unknown>, events: ReadonlyArray<ClusterEvent.ClusterEvent>): void => {
  const text = events.length === 0
    ? "Nothing happened at the cluster."
    : `The last ${events.length} events of the cluster:\n  ${events.map(ClusterEvent.format).join("\n  ")}`
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
