/**
 * Names that are this client's alone: its id, and the unique keys of its messages.
 */
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** What a client calls itself and its messages. */
export interface Identity {
  readonly clientId: string
  readonly nextUniqueKey: () => string
}

/** The start of the month that a time is in, and of the next one, in milliseconds. Local time, as in the Java client. */
const monthOf = (time: number): readonly [start: number, end: number] => {
  const date = new Date(time)
  const year = date.getFullYear()
  const month = date.getMonth()
  return [new Date(year, month, 1).getTime(), new Date(year, month + 1, 1).getTime()]
}

/**
 * Containers share addresses, process ids and sometimes the second they start in: randomness alone tells clients apart.
 * The time is for the person who reads the id; operators' tools show what is before the `@`.
 */
export const make = (clientId?: string | undefined): Effect.Effect<Identity> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const startedAt = clock.unsafeCurrentTimeMillis()
    const word = Random.nextIntBetween(0, 2 ** 32)
    const [high, low, ip, hash] = [yield* word, yield* word, yield* word, yield* word] as const
    const pid = yield* Random.nextIntBetween(0, 2 ** 16)
    const prefix = MessageId.uniqueKeyPrefix({ ip: Uint8Array.of(ip >>> 24, ip >>> 16, ip >>> 8, ip), pid, hash })
    let counter = yield* Random.nextIntBetween(0, 2 ** 16)
    let [monthStart, monthEnd] = monthOf(startedAt)

    return {
      clientId: clientId ?? `effect-${high.toString(36)}${low.toString(36)}@${startedAt.toString(36)}`,
      nextUniqueKey: () => {
        const now = clock.unsafeCurrentTimeMillis()
        if (now >= monthEnd || now < monthStart) [monthStart, monthEnd] = monthOf(now)
        counter = (counter + 1) & 0xffff
        return MessageId.uniqueKey(prefix, now - monthStart, counter)
      }
    }
  })
