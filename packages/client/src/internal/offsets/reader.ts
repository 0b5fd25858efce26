/**
 * Reads of offsets, from memory or from what keeps them.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { OffsetStore } from "../../OffsetStore.js"

/** See OffsetStore.read. */
export const reader =
  (noted: OffsetStore["noted"], fetch: OffsetStore["fetch"]): OffsetStore["read"] => (queue, from) =>
    Effect.suspend(() => {
      const known = from === "store" ? Option.none<bigint>() : noted(queue)
      return from === "memory" || Option.isSome(known) ? Effect.succeed(known) : fetch(queue)
    })
