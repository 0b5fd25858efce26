import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"

/** What a reply is sent by; the broker adds the cluster. */
const needed = [
  MessageProperties.CORRELATION_ID,
  MessageProperties.REPLY_TO_CLIENT,
  MessageProperties.CLUSTER
]

/** @internal The properties that a message lacks to be a request. */
export const missingOf = ({ properties }: MessageExt): ReadonlyArray<string> =>
  needed.filter((name) => properties[name] === undefined)

/** @internal Properties in their string form. */
export const encoded = (properties: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(properties)
    .map(([name, value]) => value === undefined ? "" : `${name}\x01${value}\x02`)
    .join("")
