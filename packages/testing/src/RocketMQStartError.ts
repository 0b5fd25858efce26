/**
 * Apache RocketMQ could not be started for a test.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Java or Maven is missing, a port is taken, or a server ended while it started. The message says which, and what to do.
 *
 * @since 0.1.0
 * @category errors
 */
export class RocketMQStartError extends Data.TaggedError("RocketMQStartError")<{
  readonly reason: string
}> {
  override get message(): string {
    return `Apache RocketMQ could not be started: ${this.reason}`
  }
}
