/**
 * Requests of administrators about clients: who is connected, who subscribes to what, and calls relayed to a consumer.
 *
 * @since 0.1.0
 */
import type * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { bodyAnswer } from "./answers.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import type { Channel } from "./clients.js"
import * as Fields from "./fields.js"
import { offsetOf } from "./messageIds.js"
import * as Relay from "./relay.js"
import type { Handler } from "./server.js"
import { answer } from "./server.js"

const languages = [
  "JAVA",
  "CPP",
  "DOTNET",
  "PYTHON",
  "DELPHI",
  "ERLANG",
  "RUBY",
  "OTHER",
  "HTTP",
  "GO",
  "PHP",
  "OMS",
  "RUST",
  "NODE_JS"
]

const languageOf = (channel: Channel): string => languages[channel.language] ?? "OTHER"

const connectionJson = (channel: Channel): LooseJson.JsonObject => ({
  clientAddr: channel.connection.remoteAddress,
  clientId: channel.clientId,
  language: languageOf(channel),
  version: channel.version
})

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const consumerConnections: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "consumerGroup")
    const group = broker.consumers.group(name)
    if (group === undefined) {
      return answer(ResponseCode.CONSUMER_NOT_ONLINE, `the consumer group[${name}] not online`)
    }
    return bodyAnswer({
      connectionSet: Array.from(group.channels.values(), connectionJson),
      consumeFromWhere: group.consumeFromWhere,
      consumeType: group.consumeType,
      messageModel: group.messageModel,
      subscriptionTable: Object.fromEntries(
        Array.from(group.subscriptions, ([topic, subscription]) => [topic, Bodies.writeSubscription(subscription)])
      )
    })
  }

  const producerConnections: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "producerGroup")
    const channels = broker.producers.channels(name)
    return channels === undefined
      ? answer(ResponseCode.SYSTEM_ERROR, `the producer group[${name}] not exist`)
      : bodyAnswer({ connectionSet: channels.map(connectionJson) })
  }

  const allProducers: Handler = () => {
    const data: Record<string, LooseJson.Json> = {}
    for (const [group, channels] of broker.producers.all()) {
      data[group] = channels.map((channel) => ({
        clientId: channel.clientId,
        language: languageOf(channel),
        lastUpdateTimestamp: channel.seenAt,
        remoteIP: channel.connection.remoteAddress,
        version: channel.version
      }))
    }
    return bodyAnswer({ data })
  }

  const groupsOfTopic: Handler = ({ request: { extFields } }) => {
    const topic = Fields.string(extFields, "topic")
    const groups = new Set([...broker.consumers.subscribersOf(topic), ...broker.offsets.groupsOf(topic)])
    return bodyAnswer({ groupList: Array.from(groups) })
  }

  const topicsOfGroup: Handler = ({ request: { extFields } }) =>
    bodyAnswer({
      brokerAddr: broker.address,
      topicList: broker.offsets.topicsOf(Fields.string(extFields, "group"))
    })

  const subscription: Handler = ({ request: { extFields } }) => {
    const group = Fields.string(extFields, "group")
    const topic = extFields["topic"]
    const found = topic === undefined ? undefined : broker.consumers.group(group)?.subscriptions.get(topic)
    return bodyAnswer({
      group,
      ...(found === undefined ? {} : { subscriptionData: Bodies.writeSubscription(found) }),
      ...(topic === undefined ? {} : { topic })
    })
  }

  const consumeDirectly: Handler = (call) => {
    const { extFields } = call.request
    const offset = offsetOf(extFields["msgId"] ?? "")
    const record = offset === undefined ? undefined : broker.store.look(offset)
    if (record === undefined) {
      return answer(ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${extFields["msgId"]}`)
    }
    return Relay.toMember(broker, call, {
      code: call.request.code,
      extFields: {
        ...extFields,
        brokerName: broker.name,
        topicSysFlag: String(broker.topics.get(extFields["topic"] ?? "")?.sysFlag ?? 0),
        groupSysFlag: String(broker.groups.get(extFields["consumerGroup"] ?? "")?.groupSysFlag ?? 0)
      },
      body: record
    })
  }

  return [
    [RequestCode.GET_CONSUMER_CONNECTION_LIST, consumerConnections],
    [RequestCode.GET_PRODUCER_CONNECTION_LIST, producerConnections],
    [RequestCode.GET_ALL_PRODUCER_INFO, allProducers],
    [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, groupsOfTopic],
    [RequestCode.QUERY_TOPICS_BY_CONSUMER, topicsOfGroup],
    [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, subscription],
    [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, (call) => Relay.consumerStatus(broker, call)],
    [RequestCode.GET_CONSUMER_RUNNING_INFO, (call) => Relay.toMember(broker, call, call.request)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, consumeDirectly]
  ]
}
