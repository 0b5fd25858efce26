/**
 * Every request: its header fields, and `make`, which gives a `Request` to send. Named after Java's request codes.
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type * as Header from "./Header.js"
import * as admin from "./internal/requestsAdmin.js"
import * as client from "./internal/requestsClient.js"
import * as cluster from "./internal/requestsCluster.js"
import * as pop from "./internal/requestsPop.js"
import { UnsupportedRequestCodeError } from "./ProtocolError.js"

export type {
  /**
   * The header of one kind of request.
   * @since 0.1.0
   * @category models
   */
  RequestHeader
} from "./internal/request.js"

/**
 * What producers and consumers ask of name servers and brokers.
 * @since 0.1.0
 */
export * from "./internal/requestsClient.js"

/**
 * Pop consumption and lite topics. All codes are above 32767, so these always go as JSON.
 * @since 0.1.0
 */
export * from "./internal/requestsPop.js"

/**
 * Administration of brokers: topics, groups, offsets, statistics, users.
 * @since 0.1.0
 */
export * from "./internal/requestsAdmin.js"

/**
 * Name servers, the controller, and brokers among themselves.
 * @since 0.1.0
 */
export * from "./internal/requestsCluster.js"

/**
 * What all headers have in common: the code, the name, and a `decode` to a value of unknown type.
 * @since 0.1.0
 * @category models
 */
export interface AnyRequestHeader extends Header.Decoder<unknown> {
  readonly code: number
}

/**
 * The headers of all requests, by code.
 * @since 0.1.0
 * @category headers
 */
export const all: ReadonlyMap<number, AnyRequestHeader> = new Map(
  [client, pop, admin, cluster].flatMap((area): Array<AnyRequestHeader> => Object.values(area)).map((header) => [
    header.code,
    header
  ])
)

/**
 * The header of a request code; `UnsupportedRequestCodeError` when it is not known.
 * @since 0.1.0
 * @category combinators
 */
export const byCode = (code: number): Either.Either<AnyRequestHeader, UnsupportedRequestCodeError> => {
  const header = all.get(code)
  return header === undefined ? Either.left(new UnsupportedRequestCodeError({ code })) : Either.right(header)
}
