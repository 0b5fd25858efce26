/**
 * Why files of the embedded servers cannot be used.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Another process, or another cluster of this one, has the directory.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageLockedError extends Data.TaggedError("StorageLockedError")<{
  readonly directory: string
  /** The lock file. */
  readonly file: string
  /** The process that has it. */
  readonly pid: number
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    return `${this.directory} is used by process ${this.pid}. Stop it, or choose another directory; if that process is no ` +
      `broker, delete ${this.file}.`
  }
}

/**
 * A file was changed by something else than a broker, or the disk has lost some of it. What is in it is not guessed at.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageDamagedError extends Data.TaggedError("StorageDamagedError")<{
  readonly file: string
  /** Where in the file, in bytes. */
  readonly position: number
  readonly reason: string
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    return `${this.file} is damaged at byte ${this.position}: ${this.reason}. Bring the directory back from a copy, or ` +
      "begin with an empty one."
  }
}

/**
 * The directory or a file in it cannot be read or written.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageUnavailableError extends Data.TaggedError("StorageUnavailableError")<{
  readonly path: string
  readonly cause: unknown
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    const cause = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `${this.path} cannot be used: ${cause}. See that it is there and that this process may write to it.`
  }
}

/**
 * Any of them.
 *
 * @since 0.1.0
 * @category errors
 */
export type StorageError = StorageLockedError | StorageDamagedError | StorageUnavailableError
