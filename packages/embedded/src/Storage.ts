/**
 * Where the embedded servers keep what a restart must find again: messages, topics, groups, committed offsets, messages
 * that wait for their time, half messages, popped messages, and the name server's key-value configuration.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as internal from "./internal/storage.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof internal.TypeId = internal.TypeId

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * When a server answers that something is done: `sync` when it would survive a power cut, `async` when it would survive the
 * death of the process.
 *
 * @since 0.1.0
 * @category models
 */
export type Flush = "sync" | "async"

/**
 * A storage for one cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface Storage {
  readonly [TypeId]: TypeId
  readonly flush: Flush
}

/**
 * What `EmbeddedCluster.crash` leaves of a storage in memory.
 *
 * @since 0.1.0
 * @category models
 */
export interface MemoryOptions {
  /** Default `async`: what came after the last flush is lost. `sync`: nothing is. */
  readonly flush?: Flush | undefined
  /** Time between two flushes, counted from the cluster's start. Default 500 ms. */
  readonly flushInterval?: Duration.DurationInput | undefined
}

/**
 * In memory: gone with the cluster. The default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const memory: (options?: MemoryOptions) => Storage = internal.memory
