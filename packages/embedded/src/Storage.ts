/**
 * Where the embedded servers keep what a restart must find again: messages, topics, groups, committed offsets, messages
 * that wait for their time, half messages, popped messages, and the name server's key-value configuration.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Files from "./internal/fileStorage.js"
import * as internal from "./internal/storage.js"
import type { StorageError } from "./StorageError.js"

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

/**
 * Where files are, and what an answer is worth.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileOptions {
  /** Made when it is not there. Each server has a directory of its own in it. */
  readonly directory: string
  /**
   * `async`, the default: an answer is sent when the operating system has what it says; the disk gets it every
   * `flushInterval`. `sync`: an answer is sent when the disk has it.
   */
  readonly flush?: Flush | undefined
  /** Default 500 ms. */
  readonly flushInterval?: Duration.DurationInput | undefined
  /** Size at which a new file is begun, in bytes. Default 64 MiB; at least 4 KiB, at most 1 GiB. */
  readonly segmentBytes?: number | undefined
}

/**
 * In files, for one cluster as long as the Scope lives. What an earlier run left is read here, so that nothing can fail
 * later: a write that did not end is cut off, which the log says; any other damage is an error and changes nothing.
 *
 * A cluster whose files cannot be written refuses what would change something, and goes on answering the rest.
 *
 * @example
 * import { EmbeddedServer, Storage } from "@effect-rocketmq/embedded"
 * import { Effect } from "effect"
 *
 * export const broker = Effect.gen(function*() {
 *   const storage = yield* Storage.files({ directory: "/var/tmp/broker", flush: "sync" })
 *   return yield* EmbeddedServer.serve({ storage, retentionAge: "3 days" })
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const files: (
  options: FileOptions
) => Effect.Effect<Storage, StorageError, FileSystem.FileSystem | Scope.Scope> = Files.make
