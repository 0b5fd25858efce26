import type * as Effect from "effect/Effect"
import type { SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import type { SendReceipt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"

/** @internal Where single messages wait for others, to travel together. */
export interface Accumulator {
  /** Whether a message may wait for others. */
  readonly takes: (out: Outgoing, options: SendOptions | undefined) => boolean
  /** Sends the message with others; interrupted before they left, it is not sent. */
  readonly send: (out: Outgoing, options: SendOptions | undefined) => Effect.Effect<SendReceipt, SendError>
  /** Everything that waits leaves now. */
  readonly flush: () => void
}
