import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { StopReceipt } from "../Producer.js"
import type { Accumulator } from "./accumulator.js"
import { once } from "./fibers.js"
import type { Engine } from "./producerEngine.js"

/**
 * The stop, which the closing of the Scope runs if nobody did; it runs once, to its end, whoever waits for it.
 *
 * @internal
 */
export const make = (
  engine: Engine,
  accumulator: Accumulator | undefined
): Effect.Effect<Effect.Effect<StopReceipt>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { accounts, background, meters, sender, settings: { group, onStop } } = engine

    const run = Effect.gen(function*() {
      const before = { accepted: meters.totals().accepted, refused: meters.outcomes.refused }
      sender.shut()
      accounts.keep()
      accumulator?.flush()
      yield* sender.drain
      const receipt: StopReceipt = {
        group,
        accepted: meters.totals().accepted - before.accepted,
        refused: meters.outcomes.refused - before.refused,
        unknown: accounts.kept()
      }
      if (receipt.unknown.length > 0) {
        const keys = receipt.unknown.slice(0, 10).map(({ uniqueKey }) => uniqueKey).join(", ")
        yield* Effect.logWarning(
          `Producer of group ${group} stopped; whether ${receipt.unknown.length} messages are stored is unknown: ${keys}` +
            (receipt.unknown.length > 10 ? ", …" : "")
        )
      }
      if (onStop !== undefined) {
        const told = Effect.suspend(() => onStop(receipt))
        yield* Effect.catchAllCause(told, (cause) => Effect.logError("onStop failed", cause))
      }
      return receipt
    })
    // what it forks must not end with its caller
    const stop = yield* Scope.extend(once(run), background)
    yield* Effect.addFinalizer(() => stop)
    return stop
  })
