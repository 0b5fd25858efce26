/**
 * What fails between a program and the dead letters of a group.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { BrokerError } from "./BrokerError.js"
import type { NameServerError } from "./NameServerError.js"

/**
 * The dead letters of a group could not be read, or not further.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeadLetterError extends Data.TaggedError("DeadLetterError")<{
  readonly group: string
  readonly topic: string
  /** `NotReadable`: the topic is write-only, as brokers before 5 make it. `Route`, `Broker`: see the cause. */
  readonly reason: "NotReadable" | "Route" | "Broker"
  readonly brokerName: string | undefined
  readonly cause: NameServerError | BrokerError | undefined
}> {
  /**
   * Whether the same call may succeed later.
   *
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.cause !== undefined && this.cause.retryable
  }

  override get message(): string {
    const { brokerName, cause, group, topic } = this
    const where = brokerName === undefined ? "" : ` on ${brokerName}`
    return this.reason === "NotReadable"
      ? `The dead letters of group "${group}" cannot be read: topic ${topic}${where} is write-only, as older brokers make it. ` +
        `Set makeReadable, or give the topic the permission to read (mqadmin updateTopicPerm -t ${topic} -p 6)`
      : `The dead letters of group "${group}" (topic ${topic}${where}) cannot be read: ${cause?.message ?? "no cause"}`
  }
}

/**
 * @since 0.1.0
 * @category refinements
 */
export const isDeadLetterError = (u: unknown): u is DeadLetterError => u instanceof DeadLetterError
