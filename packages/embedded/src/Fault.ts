/**
 * What may go wrong on purpose: answers of an embedded server that fail, get lost or come late. For tests of clients.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"

/**
 * What happens to a request instead of the ordinary course.
 *
 * - `Fail`: it is not processed and answered with this code.
 * - `Answer`: it is processed, and a success is answered with this code: a message that is stored and not flushed in time.
 * - `DropRequest`: it is neither processed nor answered.
 * - `DropResponse`: it is processed, but the answer is lost. What was sent is stored, and the client cannot know.
 * - `Delay`: it is processed at once, and the answer comes this many milliseconds later.
 * - `Disconnect`: it is processed, and the connection closes instead of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export type FaultAction =
  | { readonly _tag: "Fail"; readonly code: number; readonly remark: string | undefined }
  | { readonly _tag: "Answer"; readonly code: number; readonly remark: string | undefined }
  | { readonly _tag: "DropRequest" }
  | { readonly _tag: "DropResponse" }
  | { readonly _tag: "Delay"; readonly millis: number }
  | { readonly _tag: "Disconnect" }

/**
 * Which requests an action hits. All conditions that are given must hold; with none it hits every request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault {
  readonly action: FaultAction
  /** Name of the broker, such as `broker-a`, or `namesrv` for the name server. Default: every server. */
  readonly server?: string | undefined
  /** Request code. Default: every code. */
  readonly code?: number | undefined
  /** A further condition on the request. */
  readonly when?: ((request: RemotingCommand) => boolean) | undefined
  /** Requests that fit are let through this many times first. Default 0. */
  readonly after?: number | undefined
  /** How many requests are hit. Default: all, until the fault is removed. */
  readonly times?: number | undefined
}

/**
 * The name under which the name server is meant where brokers go by their names.
 *
 * @since 0.1.0
 * @category models
 */
export const NAME_SERVER = "namesrv"

/**
 * Answers with this response code, without acting.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fail = (code: number, remark?: string): FaultAction => ({ _tag: "Fail", code, remark })

/**
 * Acts, and answers a success with this response code: `FLUSH_DISK_TIMEOUT`, `FLUSH_SLAVE_TIMEOUT` and
 * `SLAVE_NOT_AVAILABLE` are the other statuses of a stored message.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answerWith = (code: number, remark?: string): FaultAction => ({ _tag: "Answer", code, remark })

/**
 * Loses the request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dropRequest: FaultAction = { _tag: "DropRequest" }

/**
 * Acts, and loses the answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dropResponse: FaultAction = { _tag: "DropResponse" }

/**
 * Acts, and answers this many milliseconds later.
 *
 * @since 0.1.0
 * @category constructors
 */
export const delay = (millis: number): FaultAction => ({ _tag: "Delay", millis })

/**
 * Acts, and closes the connection instead of answering.
 *
 * @since 0.1.0
 * @category constructors
 */
export const disconnect: FaultAction = { _tag: "Disconnect" }
