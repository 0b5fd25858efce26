/**
 * What the body of a command holds, between its bytes and its type. Bodies are JSON in the dialect of `LooseJson`.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Reads and writes one kind of body.
 * @since 0.1.0
 * @category models
 */
export interface Body<in out A> {
  /** Its name in errors. */
  readonly name: string
  readonly encode: (value: A) => Uint8Array
  /** Unknown fields are ignored; the error names body and field. */
  readonly decode: (bytes: Uint8Array) => Either.Either<A, DeserializationError>
}
