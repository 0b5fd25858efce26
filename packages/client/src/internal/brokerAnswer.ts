/**
 * What every answer of a broker is judged with.
 */
import { DeserializationError } from "@effect-rocketmq/protocol/ProtocolError"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type { BrokerError } from "../BrokerError.js"
import { errorOf } from "./responseTable.js"

/** What an error should name besides the address. */
export interface About {
  readonly brokerName?: string | undefined
  readonly topic?: string | undefined
  readonly group?: string | undefined
  readonly queueId?: number | undefined
}

/** A value or the error that it stands for; an effect that is done. */
export type Answer<A> = Exit.Exit<A, BrokerError>

/** The body of an answer that has none. */
export const noBytes = new Uint8Array(0)

/** The body of an answer. */
export const bodyOf = (response: RemotingCommand): Uint8Array => response.body ?? noBytes

/** The answer's code is an error. */
export const refused = (
  address: string,
  about: About,
  request: Request,
  response: RemotingCommand
): Exit.Exit<never, BrokerError> =>
  Exit.fail(
    errorOf(
      { ...about, address, requestCode: request.code, responseCode: response.code, remark: response.remark },
      request.body?.length
    )
  )

/** The answer is a success that lacks what it must have. */
export const unreadable = (subject: string, reason: string): Exit.Exit<never, BrokerError> =>
  Exit.fail(new DeserializationError({ subject, reason }))

/** What was decoded, as an answer. */
export const read = <A, B>(decoded: Either.Either<A, DeserializationError>, f: (value: A) => B): Answer<B> =>
  Either.isRight(decoded) ? Exit.succeed(f(decoded.right)) : Exit.fail(decoded.left)
