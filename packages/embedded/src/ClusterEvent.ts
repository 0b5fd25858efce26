/**
 * What happens at the servers of a cluster: who connects, what they are asked, what they answer.
 *
 * `cluster.events` is a stream of them, and {@link format} makes a line of each for people: `npm run broker -- --verbose`
 * prints these, and a failing test shows the last of them.
 *
 * @since 0.1.0
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type { FaultAction } from "./Fault.js"

/**
 * One event. Times in milliseconds of the cluster's clock; `connection` is counted over the whole cluster.
 *
 * - `Requested`: a server has read a request, whatever becomes of it. Bodies are not kept.
 * - `Answered`: it has answered, `millis` later; a fault may have kept the answer from the client. `requestCode` is the code of the request.
 *
 * @since 0.1.0
 * @category models
 */
export type ClusterEvent =
  & {
    readonly at: number
    /** Name of the broker, or `namesrv`. */
    readonly server: string
    readonly connection: number
  }
  & (
    | { readonly _tag: "Connected"; readonly remoteAddress: string }
    | { readonly _tag: "Disconnected" }
    | {
      readonly _tag: "Requested"
      readonly code: number
      readonly extFields: Readonly<Record<string, string>>
      readonly oneway: boolean
      readonly bodySize: number
      /** The action of the fault that hits it. */
      readonly fault: FaultAction["_tag"] | undefined
    }
    | {
      readonly _tag: "Answered"
      readonly requestCode: number
      readonly code: number
      readonly remark: string | undefined
      readonly bodySize: number
      readonly millis: number
    }
  )

const sendV2: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE_V2
])

/** Longest remark that a line shows: some are stack traces. */
const REMARK = 160

/** What a request is about: ` orders/2 @17 group billing`. Headers of sends have names of one letter. */
const subject = (code: number, fields: Readonly<Record<string, string>>): string => {
  const [topic, queue, group] = sendV2.has(code)
    ? [fields["b"], fields["e"], fields["a"]]
    : [fields["topic"], fields["queueId"], fields["consumerGroup"] ?? fields["producerGroup"] ?? fields["group"]]
  const offset = fields["queueOffset"] ?? fields["commitOffset"] ?? fields["offset"]
  return (topic === undefined ? "" : ` ${topic}`) +
    (topic === undefined || queue === undefined ? "" : `/${queue}`) +
    (offset === undefined ? "" : ` @${offset}`) +
    (group === undefined || group === "" ? "" : ` group ${group}`)
}

const firstLine = (text: string): string => {
  const line = text.split("\n", 1)[0]!
  return line.length > REMARK ? `${line.slice(0, REMARK)}…` : line
}

const bytes = (size: number): string => size === 0 ? "" : `, ${size} bytes`

const what = (event: ClusterEvent): string => {
  switch (event._tag) {
    case "Connected":
      return `connected from ${event.remoteAddress}`
    case "Disconnected":
      return "disconnected"
    case "Requested":
      return `> ${RequestCode.nameOf(event.code)}${subject(event.code, event.extFields)}${bytes(event.bodySize)}` +
        (event.oneway ? ", oneway" : "") +
        (event.fault === undefined ? "" : `, fault: ${event.fault}`)
    case "Answered":
      return `< ${RequestCode.nameOf(event.requestCode)}: ${ResponseCode.nameOf(event.code)}${bytes(event.bodySize)}` +
        ` after ${event.millis} ms` +
        (event.remark === undefined || event.remark === "" ? "" : `: ${firstLine(event.remark)}`)
  }
}

/**
 * One line: the time of day in UTC, the server, the connection, and what happened.
 *
 * @example
 * import { ClusterEvent } from "@effect-rocketmq/embedded"
 *
 * const line = ClusterEvent.format({
 *   _tag: "Requested",
 *   at: 3250,
 *   server: "broker-a",
 *   connection: 3,
 *   code: 11,
 *   extFields: { topic: "orders", queueId: "2", queueOffset: "17", consumerGroup: "billing" },
 *   oneway: false,
 *   bodySize: 0,
 *   fault: "DropRequest"
 * })
 * assert.strictEqual(line, "00:00:03.250 broker-a #3 > PULL_MESSAGE orders/2 @17 group billing, fault: DropRequest")
 *
 * @since 0.1.0
 * @category combinators
 */
export const format = (event: ClusterEvent): string =>
  `${new Date(event.at).toISOString().slice(11, 23)} ${event.server} #${event.connection} ${what(event)}`
