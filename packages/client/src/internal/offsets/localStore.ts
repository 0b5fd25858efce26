/**
 * Offsets in a file. It is written beside, flushed and put in place by a rename, so that there is a whole one at any time.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as OffsetTable from "@effect-rocketmq/protocol/OffsetTable"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { OffsetError, OffsetFetchError, OffsetPathError } from "../../ConsumerError.js"
import type { LocalOptions, OffsetStore } from "../../OffsetStore.js"
import { reader } from "./reader.js"

type Table = Map<string, readonly [queue: MessageQueue, offset: bigint]>

const isName = (name: string): boolean => /^[^/\\\0]+$/.test(name) && !/^\.+$/.test(name)

const tableOf = (bytes: Uint8Array): Option.Option<Table> => {
  const read = OffsetTable.decode(bytes)
  // a file without offsets is what a crash leaves of one that was never flushed
  if (bytes.length === 0 || Either.isLeft(read)) return Option.none()
  return Option.some(new Map(read.right.offsetTable.map((entry) => [MQ.key(entry[0]), entry])))
}

/** See OffsetStore.local. */
export const localStore = Effect.fnUntraced(function*(options: LocalOptions) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { clientId, group } = options
  for (const name of [clientId, group]) {
    if (!isName(name)) return yield* new OffsetPathError({ group, name })
  }
  const directory = paths.join(options.directory ?? ".rocketmq_offsets", clientId, group)
  const file = paths.join(directory, "offsets.json")
  const backup = `${file}.bak`
  const fresh = `${file}.tmp`
  const oneAtATime = Effect.unsafeMakeSemaphore(1)

  const noted = new Map<string, bigint>()
  /** What the file has, with queues that are gone; none until it was read. */
  let saved: Table | undefined
  /** Whether the file, and not only its backup, is whole. */
  let whole = false

  /** A file's table; none when there is no such file or it is damaged. */
  const readFile = (path: string) =>
    Effect.matchEffect(fs.readFile(path), {
      onSuccess: (bytes) => {
        const table = tableOf(bytes)
        return Effect.succeed({ table, missing: false, cause: undefined as unknown })
      },
      onFailure: (cause) =>
        Effect.succeed({
          table: Option.none<Table>(),
          missing: cause._tag === "SystemError" && cause.reason === "NotFound",
          cause: cause as unknown
        })
    })

  /** Reads the file once. Fails when there is one and neither it nor its backup can be read. */
  const load: Effect.Effect<Table, { readonly cause: unknown }> = Effect.suspend(() => {
    if (saved !== undefined) return Effect.succeed(saved)
    return Effect.gen(function*() {
      const first = yield* readFile(file)
      if (Option.isSome(first.table)) {
        whole = true
        return saved = first.table.value
      }
      const second = yield* readFile(backup)
      if (Option.isSome(second.table)) {
        yield* Effect.logWarning(
          `Group "${group}": ${file} is ${
            first.missing ? "missing" : "damaged"
          }; the offsets come from ${backup}, and some ` +
            `messages may come again`
        )
        return saved = second.table.value
      }
      if (first.missing && second.missing) return saved = new Map()
      const problem = first.missing ? second.cause : first.cause
      return yield* Effect.fail({ cause: problem ?? new Error("It is damaged.") })
    })
  })

  /** A rename over the file leaves the old one or the new one, whatever happens meanwhile. */
  const replace = (table: Table) =>
    Effect.gen(function*() {
      yield* fs.makeDirectory(directory, { recursive: true })
      yield* Effect.scoped(Effect.gen(function*() {
        const handle = yield* fs.open(fresh, { flag: "w" })
        yield* handle.writeAll(OffsetTable.encode({ offsetTable: [...table.values()] }))
        yield* handle.sync
      }))
      // not over the last good one, when the file is damaged
      if (whole) {
        yield* fs.rename(file, backup)
        whole = false
      }
      yield* fs.rename(fresh, file)
      whole = true
    })

  const fromFile: OffsetStore["fetch"] = (queue) =>
    oneAtATime.withPermits(1)(Effect.mapBoth(load, {
      onFailure: ({ cause }) => new OffsetFetchError({ group, queue, address: undefined, path: file, cause }),
      onSuccess: (table) => Option.fromNullable(table.get(MQ.key(queue))?.[1])
    }))

  /** What could not be written yet counts. */
  const fetch: OffsetStore["fetch"] = (queue) =>
    Effect.suspend(() => {
      const known = notedOf(queue)
      return Option.isSome(known) ? Effect.succeed(known) : Effect.tap(fromFile(queue), (offset) => {
        if (Option.isSome(offset)) noted.set(MQ.key(queue), offset.value)
      })
    })

  const persist: OffsetStore["persist"] = (queues) =>
    oneAtATime.withPermits(1)(Effect.suspend(() => {
      const changed: Array<readonly [queue: MessageQueue, offset: bigint]> = []
      for (const queue of queues) {
        const offset = noted.get(MQ.key(queue))
        if (offset !== undefined && saved?.get(MQ.key(queue))?.[1] !== offset) changed.push([queue, offset])
      }
      if (changed.length === 0) return Effect.succeed([])
      return Effect.match(
        Effect.gen(function*() {
          const next: Table = new Map(yield* load)
          for (const entry of changed) next.set(MQ.key(entry[0]), entry)
          yield* replace(next)
          saved = next
        }),
        {
          onSuccess: () => [],
          onFailure: (error) =>
            changed.map(([queue, offset]) =>
              new OffsetError({
                group,
                queue,
                offset,
                address: undefined,
                path: file,
                cause: error instanceof Error ? error : error.cause
              })
            )
        }
      )
    }))

  const notedOf: OffsetStore["noted"] = (queue) => Option.fromNullable(noted.get(MQ.key(queue)))

  const store: OffsetStore = {
    fetch,
    read: reader(notedOf, fromFile),
    // nobody else writes the file
    written: () => Option.none(),
    update: (queue, offset) => {
      const known = noted.get(MQ.key(queue))
      if (known === undefined || known < offset) noted.set(MQ.key(queue), offset)
    },
    reset: (queue, offset) => {
      noted.set(MQ.key(queue), offset)
    },
    noted: notedOf,
    persist,
    // a queue that is away for a while goes on where it was
    remove: () => {}
  }
  return store
})
