/**
 * What the client instance refuses.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/ClientError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * The client already has a group of this name and kind. Brokers keep one subscription and one connection for each group
 * of a client: a second member would take the first one's place.
 *
 * @since 0.1.0
 * @category errors
 */
export class GroupAlreadyRegisteredError extends Data.TaggedError("GroupAlreadyRegisteredError")<{
  readonly kind: "Producer" | "Consumer"
  readonly group: string
  readonly clientId: string
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    return `Client ${this.clientId} already has a ${this.kind.toLowerCase()} of group ${this.group}. ` +
      `Share that one, choose another group, or give the second one a client of its own (Layer.fresh).`
  }
}

/**
 * What the client instance fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ClientError = GroupAlreadyRegisteredError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isClientError = (u: unknown): u is ClientError => Predicate.hasProperty(u, TypeId)
