/**
 * What a test expected and did not see.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Something did not come in time, or came although it should not have.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExpectationError extends Data.TaggedError("ExpectationError")<{
  /** What was expected, as a sentence. */
  readonly expected: string
  /** What was there instead. */
  readonly seen: string
}> {
  override get message(): string {
    return `Expected ${this.expected}\n  seen: ${this.seen}`
  }
}
