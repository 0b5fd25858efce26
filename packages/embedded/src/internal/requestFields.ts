/**
 * What a request is about, as its header says it, whichever names the header has for it.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"

/** Sends whose header has one letter for each field. */
const short: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE_V2
])

export const topicOf = ({ code, extFields }: RemotingCommand): string | undefined =>
  short.has(code) ? extFields["b"] : extFields["topic"]

export const queueOf = ({ code, extFields }: RemotingCommand): number | undefined => {
  const text = short.has(code) ? extFields["e"] : extFields["queueId"]
  return text === undefined ? undefined : Number(text)
}

/** Whether it names the group: as the consumer's, the producer's, or the one that a message is sent back for. */
export const isOfGroup = ({ code, extFields }: RemotingCommand, group: string): boolean =>
  short.has(code)
    ? extFields["a"] === group
    : extFields["consumerGroup"] === group || extFields["producerGroup"] === group || extFields["group"] === group

const decoder = new TextDecoder()

/** The client id that a heartbeat tells; undefined of any other request. */
export const clientIdOf = ({ body, code }: RemotingCommand): string | undefined =>
  code !== RequestCode.HEART_BEAT || body === undefined
    ? undefined
    : /"clientID"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(decoder.decode(body))?.[1]
