/**
 * Requests of administrators about topics: make, change, delete, list.
 *
 * @since 0.1.0
 */
import type * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { bodyAnswer, notSet } from "./answers.js"
import * as Attributes from "./attributes.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import { page } from "./page.js"
import { retryTopic } from "./popTable.js"
import type { Answer, Handler } from "./server.js"
import { answer, ok } from "./server.js"
import type { Topic } from "./topicTable.js"
import { systemTopics, topicProblem } from "./topicTable.js"

const topicJson = (topic: Topic): LooseJson.JsonObject => ({
  attributes: topic.attributes,
  order: topic.order,
  perm: topic.perm,
  readQueueNums: topic.readQueues,
  topicFilterType: topic.multiTag ? "MULTI_TAG" : "SINGLE_TAG",
  topicName: topic.name,
  topicSysFlag: topic.sysFlag,
  writeQueueNums: topic.writeQueues
})

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const problemOf = (name: string): Answer | undefined => {
    const problem = topicProblem(name)
    if (problem !== undefined) return answer(ResponseCode.INVALID_PARAMETER, problem)
    return Names.isSystemTopic(name) && broker.config.is("validateSystemTopicWhenUpdateTopic")
      ? answer(ResponseCode.INVALID_PARAMETER, `The topic[${name}] is conflict with system topic.`)
      : undefined
  }

  /** A topic with its changed attributes, or why it is refused. */
  const changed = (topic: Topic, changes: ReadonlyArray<readonly [string, string]>): Topic | Answer => {
    const isMixed = changes.some(([name, value]) => name === "+message.type" && value === "MIXED")
    if (isMixed && !broker.config.is("enableMixedMessageType")) {
      return answer(ResponseCode.INVALID_PARAMETER, "MIXED message type is not supported.")
    }
    const before = broker.topics.get(topic.name)?.attributes
    return { ...topic, attributes: Attributes.change(Attributes.topicAttributes, before, changes) }
  }

  /** What Java throws is the remark of the answer, without the exception's name. */
  const orRefused = (run: () => Answer): Answer => {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Fields.BadRequest)) throw error
      return answer(ResponseCode.SYSTEM_ERROR, error.message)
    }
  }

  const createTopic: Handler = ({ request: { extFields } }) => {
    const filterType = Fields.string(extFields, "topicFilterType")
    if (filterType !== "SINGLE_TAG" && filterType !== "MULTI_TAG") {
      throw new Fields.BadRequest(`topicFilterType = [${filterType}] value invalid`)
    }
    const name = Fields.string(extFields, "topic")
    const topic: Topic = {
      name,
      readQueues: Fields.int(extFields, "readQueueNums"),
      writeQueues: Fields.int(extFields, "writeQueueNums"),
      perm: Fields.int(extFields, "perm"),
      sysFlag: Fields.optionalInt(extFields, "topicSysFlag") ?? 0,
      order: Fields.boolean(extFields, "order"),
      multiTag: filterType === "MULTI_TAG",
      attributes: {}
    }
    return problemOf(name) ?? orRefused(() => {
      const after = changed(topic, Attributes.parseChanges(extFields["attributes"] ?? ""))
      if ("code" in after) return after
      broker.topics.put(after)
      return notSet
    })
  }

  const createTopics: Handler = ({ request }) => {
    const topics = Bodies.readTopics(request.body)
    for (const { topic } of topics) {
      const problem = problemOf(topic.name)
      if (problem !== undefined) return problem
    }
    return orRefused(() => {
      const after: Array<Topic> = []
      for (const { changes, topic } of topics) {
        const one = changed(topic, changes)
        if ("code" in one) return one
        after.push(one)
      }
      for (const topic of after) broker.topics.put(topic)
      return notSet
    })
  }

  const deleteTopic: Handler = ({ request: { extFields } }) => {
    const name = extFields["topic"] ?? ""
    if (name.trim() === "") return answer(ResponseCode.INVALID_PARAMETER, "The specified topic is blank.")
    const problem = Names.isSystemTopic(name) ? problemOf(name) : undefined
    if (problem !== undefined) return problem
    const retries = broker.config.is("clearRetryTopicWhenDeleteTopic")
      ? broker.offsets.groupsOf(name).map((group) => retryTopic(name, group))
      : []
    for (const topic of [name, ...retries]) {
      broker.topics.remove(topic)
      broker.offsets.removeTopic(topic)
      broker.store.removeTopic(topic)
      broker.stats.removeTopic(topic)
    }
    return ok
  }

  const topicConfig: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    const topic = broker.topics.get(name)
    return topic === undefined
      ? answer(ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${name}`)
      : bodyAnswer(topicJson(topic))
  }

  const allTopics: Handler = ({ request: { extFields } }) => {
    const all = Array.from(broker.topics.all())
    const topics = page(all, Fields.optionalInt(extFields, "topicSeq"), Fields.optionalInt(extFields, "maxTopicNum"))
    return bodyAnswer({
      dataVersion: Bodies.writeVersion(broker.topics.version(), broker.bootTimestamp),
      mappingDataVersion: Bodies.writeVersion(0, broker.bootTimestamp),
      topicConfigTable: Object.fromEntries(topics.map((topic) => [topic.name, topicJson(topic)])),
      topicQueueMappingDetailMap: {}
    }, { totalTopicNum: String(all.length) })
  }

  const listOfSystem: Handler = () => bodyAnswer({ topicList: systemTopics(broker.name, broker.clusterName) })

  return [
    [RequestCode.UPDATE_AND_CREATE_TOPIC, createTopic],
    [RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, createTopics],
    [RequestCode.DELETE_TOPIC_IN_BROKER, deleteTopic],
    [RequestCode.GET_TOPIC_CONFIG, topicConfig],
    [RequestCode.GET_ALL_TOPIC_CONFIG, allTopics],
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, listOfSystem]
  ]
}
