/**
 * Offsets of a broadcasting consumer in a file of this machine, where the Java client keeps them.
 *
 * @since 0.1.0
 */
import type { OffsetPathError } from "@effect-rocketmq/client/ConsumerError"
import * as OffsetStore from "@effect-rocketmq/client/OffsetStore"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Os from "node:os"
import * as NodePath from "node:path"
import { offsetFiles } from "./internal/offsetFiles.js"

/**
 * `OffsetStore.local` on Node's files: `directory/clientId/group/offsets.json`, the directory `.rocketmq_offsets` in the
 * home directory unless it says otherwise. Fails when a name is no name of a directory.
 *
 * @example
 * import { Consumer, MessageSelector } from "@effect-rocketmq/client"
 * import { NodeOffsetStore } from "@effect-rocketmq/node"
 * import { Effect, Layer } from "effect"
 *
 * export const Prices = Layer.unwrapEffect(Effect.map(
 *   NodeOffsetStore.local({ group: "prices", clientId: "till-7" }),
 *   (offsetStore) =>
 *     Consumer.layer({
 *       group: "prices",
 *       subscriptions: { prices: MessageSelector.all },
 *       messageModel: "broadcasting",
 *       offsetStore
 *     }, (message) => Effect.log("new price", message.keys))
 * ))
 *
 * @since 0.1.0
 * @category constructors
 */
export const local = (
  options: OffsetStore.LocalOptions
): Effect.Effect<OffsetStore.OffsetStore, OffsetPathError> =>
  OffsetStore.local({ ...options, directory: options.directory ?? NodePath.join(Os.homedir(), ".rocketmq_offsets") })
    .pipe(
      Effect.provideService(FileSystem.FileSystem, offsetFiles),
      Effect.provide(Path.layer)
    )
