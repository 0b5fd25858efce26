/**
 * What administrators ask of brokers and name servers about topics, groups, offsets and figures, and are refused.
 *
 * @since 0.1.0
 */
import * as BrokerStats from "@effect-rocketmq/protocol/BrokerStats"
import * as ConsumeQueue from "@effect-rocketmq/protocol/ConsumeQueue"
import * as ConsumerOffsets from "@effect-rocketmq/protocol/ConsumerOffsets"
import * as ConsumeStats from "@effect-rocketmq/protocol/ConsumeStats"
import * as ConsumeTimeSpan from "@effect-rocketmq/protocol/ConsumeTimeSpan"
import * as CorrectionOffsets from "@effect-rocketmq/protocol/CorrectionOffsets"
import * as GroupForbidden from "@effect-rocketmq/protocol/GroupForbidden"
import * as GroupList from "@effect-rocketmq/protocol/GroupList"
import * as HAStatus from "@effect-rocketmq/protocol/HAStatus"
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import * as KVTable from "@effect-rocketmq/protocol/KVTable"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as SubscriptionGroupConfig from "@effect-rocketmq/protocol/SubscriptionGroupConfig"
import * as TopicConfig from "@effect-rocketmq/protocol/TopicConfig"
import * as TopicList from "@effect-rocketmq/protocol/TopicList"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Stored from "../Stored.js"

const behaviour = area("administration")

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

const text = (body: Uint8Array | undefined): string => new TextDecoder().decode(body)

/** The answer of the first master, whatever it is. */
const answerOf = (request: Request) =>
  Effect.gen(function*() {
    const { broker } = yield* Cluster
    const { address } = yield* Stored.firstMaster
    return yield* broker.request(address, request, 12_000)
  })

/** The answer of the first master, which must be a success. */
const accepted = (request: Request) =>
  Effect.tap(
    answerOf(request),
    ({ code, remark }) =>
      Expect.equal(`${request.code} is accepted (${remark ?? "no remark"})`, code, ResponseCode.SUCCESS)
  )

/** The body of an answer that is a success. */
const ask = <A, E>(request: Request, decode: (bytes: Uint8Array) => Either.Either<A, E>) =>
  Effect.gen(function*() {
    const { body } = yield* accepted(request)
    return yield* decode(yield* Expect.present(`the answer to ${request.code} has a body`, body))
  })

/** The same from a name server. */
const askNameServer = (request: Request) =>
  Effect.gen(function*() {
    const { nameServer } = yield* Cluster
    return yield* nameServer.request(request)
  })

const refused = (what: string, request: Request, code: number, remark: string | RegExp) =>
  Effect.gen(function*() {
    const answer = yield* answerOf(request)
    yield* Expect.equal(`${what}: the code`, answer.code, code)
    const said = answer.remark ?? ""
    yield* Expect.that(
      `${what}: the remark`,
      typeof remark === "string" ? said === remark : remark.test(said),
      said
    )
  })

const create = (topic: string, attributes?: string) =>
  RequestHeader.UpdateAndCreateTopic.make({
    topic,
    defaultTopic: "TBW102",
    readQueueNums: 1,
    writeQueueNums: 1,
    perm: Permission.READ | Permission.WRITE,
    topicFilterType: "SINGLE_TAG",
    topicSysFlag: 0,
    order: false,
    ...(attributes === undefined ? {} : { attributes })
  })

const config = (topic: string) => ask(RequestHeader.GetTopicConfig.make({ topic }), TopicConfig.decode)

/** A topic of one queue with so many messages, and a group that has consumed some of them. */
const progressed = (messages: number, consumed: bigint) =>
  Effect.gen(function*() {
    const { broker, knownGroup, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const group = yield* knownGroup
    const { address, queue } = yield* Stored.queueOf(name)
    for (let i = 0; i < messages; i++) {
      yield* Stored.put({ topic: name, body: `m${i}`, properties: { TAGS: `tag${i}` } })
    }
    yield* Await.until(
      "all messages are in the queue",
      broker.maxOffset(address, queue),
      (offset) => offset === BigInt(messages)
    )
    yield* broker.updateConsumerOffset(address, group, queue, consumed)
    return { address, group, queue, topic: name }
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const administration: ReadonlyArray<Behaviour> = [
  behaviour("a topic is made with attributes, and tells them", function*() {
    const { topicName } = yield* Cluster
    const topic = topicName()
    yield* accepted(create(topic, "+message.type=FIFO"))
    const told = yield* config(topic)
    yield* Expect.equal("the attributes", told.attributes, { "message.type": "FIFO" })
  }),

  behaviour("attributes of a topic are changed and taken away, and the others stay", function*() {
    const { topicName } = yield* Cluster
    const topic = topicName()
    yield* accepted(create(topic, "+message.type=FIFO,+cleanup.policy=DELETE"))
    yield* accepted(create(topic, "+message.type=DELAY"))
    yield* Expect.equal("one is changed", (yield* config(topic)).attributes, {
      "message.type": "DELAY",
      "cleanup.policy": "DELETE"
    })
    yield* accepted(create(topic, "-message.type"))
    yield* Expect.equal("one is gone", (yield* config(topic)).attributes, { "cleanup.policy": "DELETE" })
  }),

  behaviour("an attribute that there is not, or a value that it does not take, is refused", function*() {
    const { topicName } = yield* Cluster
    const topic = topicName()
    const wrong = (attributes: string, remark: string | RegExp) =>
      refused(attributes, create(topic, attributes), ResponseCode.SYSTEM_ERROR, remark)
    yield* wrong("+nosuch=1", "unsupported key: nosuch")
    yield* wrong("message.type=FIFO", "add/alter attribute format is wrong: message.type")
    yield* wrong("message.type", "delete attribute format is wrong: message.type")
    yield* wrong("+message.type=NONE", /^value is not in set: \[.*NORMAL.*\]$/)
    yield* wrong("+reserve.time=-5", "value is not in range(-1, 9223372036854775807)")
    yield* wrong("+message.type=FIFO,+message.type=NORMAL", "key duplication: +message.type")
    yield* wrong("-message.type", "only add attribute is supported while creating topic. key: message.type")
  }),

  behaviour("an attribute that is for good is refused to change", function*() {
    const { topicName } = yield* Cluster
    const topic = topicName()
    yield* accepted(create(topic))
    yield* refused(
      "another kind of queue",
      create(topic, "+queue.type=BatchCQ"),
      ResponseCode.SYSTEM_ERROR,
      "attempt to update an unchangeable attribute. key: queue.type"
    )
    yield* refused(
      "taking away what is not there",
      create(topic, "-message.type"),
      ResponseCode.SYSTEM_ERROR,
      "attempt to delete a nonexistent key: message.type"
    )
  }),

  behaviour("mixed topics are refused", function*() {
    const { topicName } = yield* Cluster
    yield* refused(
      "MIXED",
      create(topicName(), "+message.type=MIXED"),
      ResponseCode.INVALID_PARAMETER,
      "MIXED message type is not supported."
    )
  }),

  behaviour("names that no topic may have, and those of the system, are refused", function*() {
    yield* refused(
      "a blank in it",
      create("a b"),
      ResponseCode.INVALID_PARAMETER,
      "The specified topic: a b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"
    )
    yield* refused(
      "128 characters",
      create("t".repeat(128)),
      ResponseCode.INVALID_PARAMETER,
      /is longer than topic max length/
    )
    yield* refused(
      "one of the system",
      create("TBW102"),
      ResponseCode.INVALID_PARAMETER,
      "The topic[TBW102] is conflict with system topic."
    )
    yield* refused(
      "deleting one of the system",
      RequestHeader.DeleteTopicInBroker.make({ topic: "SCHEDULE_TOPIC_XXXX" }),
      ResponseCode.INVALID_PARAMETER,
      "The topic[SCHEDULE_TOPIC_XXXX] is conflict with system topic."
    )
  }),

  behaviour("several topics are made with one request", function*() {
    const { topicName } = yield* Cluster
    const names = [topicName(), topicName()]
    const topics = names.map((topicName, i) => ({
      attributes: { "+message.type": "NORMAL" },
      order: false,
      perm: 6,
      readQueueNums: i + 2,
      topicFilterType: "SINGLE_TAG",
      topicName,
      topicSysFlag: 0,
      writeQueueNums: i + 2
    }))
    yield* accepted(RequestHeader.UpdateAndCreateTopicList.make({}, json({ topicConfigList: topics })))
    for (const [i, name] of names.entries()) {
      const told = yield* config(name)
      yield* Expect.equal(`topic ${i}`, [told.readQueueNums, told.attributes["message.type"]], [i + 2, "NORMAL"])
    }
  }),

  behaviour("of several topics none is made when one has a bad name", function*() {
    const { topicName } = yield* Cluster
    const name = topicName()
    const topics = [name, "a b"].map((topicName) => ({ topicName, readQueueNums: 1, writeQueueNums: 1, perm: 6 }))
    yield* refused(
      "the list",
      RequestHeader.UpdateAndCreateTopicList.make({}, json({ topicConfigList: topics })),
      ResponseCode.INVALID_PARAMETER,
      /contains illegal characters/
    )
    yield* refused(
      "the other",
      RequestHeader.GetTopicConfig.make({ topic: name }),
      ResponseCode.TOPIC_NOT_EXIST,
      `No topic in this broker. topic: ${name}`
    )
  }),

  behaviour("all topics of a broker come in pages, together with their number", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 3 })
    const page = (topicSeq: number, maxTopicNum: number) =>
      accepted(RequestHeader.GetAllTopicConfig.make({ topicSeq, maxTopicNum }))
    const first = yield* page(0, 2)
    const total = Number(first.extFields["totalTopicNum"])
    yield* Expect.that("the number of all", total > 2, total)
    const two = yield* TopicConfig.Table.decode(yield* Expect.present("a first page", first.body))
    yield* Expect.equal("a page has what it was asked for", two.topicConfigTable.size, 2)
    const all = yield* ask(RequestHeader.GetAllTopicConfig.make({}), TopicConfig.Table.decode)
    yield* Expect.equal("without pages all come", all.topicConfigTable.get(name)?.readQueueNums, 3)
  }),

  behaviour("a deleted topic takes its messages and its groups' offsets along", function*() {
    const { createTopic, broker } = yield* Cluster
    const { address, group, queue, topic } = yield* progressed(2, 1n)
    yield* accepted(RequestHeader.DeleteTopicInBroker.make({ topic }))
    yield* createTopic(topic, { queues: 1 })
    yield* Expect.equal("it begins anew", yield* broker.maxOffset(address, queue), 0n)
    const topics = yield* ask(RequestHeader.QueryTopicsByConsumer.make({ group }), TopicList.decode)
    yield* Expect.equal("the group has no offset of it", topics.topicList, [])
  }),

  behaviour("the system's topics are listed, those of this broker and cluster among them", function*() {
    const { brokerName } = yield* Stored.firstMaster
    const listed = yield* ask(RequestHeader.GetSystemTopicListFromBroker.make({}), TopicList.decode)
    const expected = ["TBW102", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC", "SELF_TEST_TOPIC", brokerName]
    yield* Expect.equal("they are there", expected.filter((name) => !listed.topicList.includes(name)), [])
  }),

  behaviour("several groups are made with one request, and what is not said has its default", function*() {
    const { group } = yield* Cluster
    const names = [group(), group()]
    const groups = [{ groupName: names[0], retryMaxTimes: 3 }, { groupName: names[1], consumeEnable: false }]
    yield* accepted(RequestHeader.UpdateAndCreateSubscriptiongroupList.make({}, json({ groupConfigList: groups })))
    const told = yield* Effect.forEach(
      names,
      (group) => ask(RequestHeader.GetSubscriptiongroupConfig.make({ group }), SubscriptionGroupConfig.decode)
    )
    yield* Expect.equal("limits of redelivery", told.map(({ retryMaxTimes }) => retryMaxTimes), [3, 16])
    yield* Expect.equal("who may consume", told.map(({ consumeEnable }) => consumeEnable), [true, false])
  }),

  behaviour("a group keeps how it retries", function*() {
    const { group } = yield* Cluster
    const groupName = group()
    const policy = { type: "EXPONENTIAL", exponentialRetryPolicy: { initial: 1000, max: 10_000, multiplier: 2 } }
    yield* accepted(
      RequestHeader.UpdateAndCreateSubscriptiongroup.make({}, json({ groupName, groupRetryPolicy: policy }))
    )
    const told = yield* accepted(RequestHeader.GetSubscriptiongroupConfig.make({ group: groupName }))
    yield* Expect.equal("the policy", JSON.parse(text(told.body)).groupRetryPolicy, policy)
  }),

  behaviour("attributes of a group are changes as well, and unknown ones are refused", function*() {
    const { group } = yield* Cluster
    const groupName = group()
    const put = (attributes: Record<string, string>) =>
      RequestHeader.UpdateAndCreateSubscriptiongroup.make({}, json({ groupName, attributes }))
    yield* accepted(put({ "+priority.factor": "5" }))
    const told = yield* accepted(RequestHeader.GetSubscriptiongroupConfig.make({ group: groupName }))
    yield* Expect.equal("it is kept", JSON.parse(text(told.body)).attributes, { "priority.factor": "5" })
    yield* refused(
      "an unknown one",
      put({ "+nosuch": "1" }),
      ResponseCode.SYSTEM_ERROR,
      /^java\.lang\.RuntimeException: unsupported key: nosuch/
    )
  }),

  behaviour("a group with a bad name is refused", function*() {
    yield* refused(
      "a blank in it",
      RequestHeader.UpdateAndCreateSubscriptiongroup.make({}, json({ groupName: "a b" })),
      ResponseCode.INVALID_PARAMETER,
      "The specified group: a b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"
    )
  }),

  behaviour("a deleted group loses its offsets when that is wished for", function*() {
    const { broker } = yield* Cluster
    const { address, group, queue } = yield* progressed(1, 1n)
    yield* broker.deleteGroup(address, group, true)
    const topics = yield* ask(RequestHeader.QueryTopicsByConsumer.make({ group }), TopicList.decode)
    yield* Expect.equal(`nothing of ${queue.topic} is left`, topics.topicList, [])
  }),

  behaviour("a topic can be forbidden to a group, and allowed again", function*() {
    const { knownGroup, topic: make } = yield* Cluster
    const topic = yield* make({ queues: 1 })
    const group = yield* knownGroup
    const forbid = (readable?: boolean) =>
      ask(
        RequestHeader.UpdateAndGetGroupForbidden.make({
          group,
          topic,
          ...(readable === undefined ? {} : { readable })
        }),
        GroupForbidden.decode
      )
    yield* Expect.equal("at first it may be read", (yield* forbid()).readable, true)
    yield* Expect.equal("then not", (yield* forbid(false)).readable, false)
    yield* Expect.equal("which stays", (yield* forbid()).readable, false)
    yield* Expect.equal("until it may again", (yield* forbid(true)).readable, true)
  }),

  behaviour("offsets are copied from one group to another, for the topic that is named", function*() {
    const { broker, knownGroup } = yield* Cluster
    const { address, group, queue, topic } = yield* progressed(3, 2n)
    const other = yield* knownGroup
    yield* accepted(RequestHeader.CloneGroupOffset.make({ srcGroup: group, destGroup: other, topic, offline: false }))
    const copied = yield* broker.queryConsumerOffset(address, other, queue)
    yield* Expect.equal("the other is as far", copied._tag === "Some" ? copied.value : undefined, 2n)
  }),

  behaviour("who is least far tells from where a topic is still needed", function*() {
    const { broker, knownGroup } = yield* Cluster
    const { address, group, queue, topic } = yield* progressed(3, 3n)
    const slow = yield* knownGroup
    yield* broker.updateConsumerOffset(address, slow, queue, 1n)
    const least = yield* ask(
      RequestHeader.QueryCorrectionOffset.make({ compareGroup: group, topic }),
      CorrectionOffsets.decode
    )
    yield* Expect.equal("the least of both", least.correctionOffsets.get(0), 1n)
  }),

  behaviour("all committed offsets of a broker are told by topic and group", function*() {
    const { group, topic } = yield* progressed(2, 2n)
    const all = yield* ask(RequestHeader.GetAllConsumerOffset.make({}), ConsumerOffsets.decode)
    yield* Expect.equal("those of the group", all.offsetTable.get(`${topic}@${group}`)?.get(0), 2n)
  }),

  behaviour("topics of a group and groups of a topic are told", function*() {
    const { address, group, topic } = yield* progressed(1, 1n)
    const topics = yield* ask(RequestHeader.QueryTopicsByConsumer.make({ group }), TopicList.decode)
    yield* Expect.equal("the topics of the group", topics.topicList, [topic])
    yield* Expect.equal("and who says so", topics.brokerAddr, address)
    const groups = yield* ask(RequestHeader.QueryTopicConsumeByWho.make({ topic }), GroupList.decode)
    yield* Expect.equal("the groups of the topic", groups.groupList, [group])
  }),

  behaviour("a group that nobody is a member of has no subscription, and an unknown one no offsets", function*() {
    const { group: name } = yield* Cluster
    const { group, topic } = yield* progressed(1, 0n)
    const answer = yield* accepted(RequestHeader.QuerySubscriptionByConsumer.make({ group, topic }))
    yield* Expect.equal("no subscription", JSON.parse(text(answer.body)), { group, topic })
    const stats = yield* ask(RequestHeader.GetConsumeStats.make({ consumerGroup: name() }), ConsumeStats.decode)
    yield* Expect.equal("no offsets", stats.offsetTable.length, 0)
  }),

  behaviour("how far a group is in time is told for each queue", function*() {
    const before = yield* Clock.currentTimeMillis
    const { group, topic } = yield* progressed(3, 1n)
    const { consumeTimeSpanSet } = yield* ask(
      RequestHeader.QueryConsumeTimeSpan.make({ topic, group }),
      ConsumeTimeSpan.decode
    )
    const [span] = consumeTimeSpanSet
    const told = yield* Expect.present("a span", span)
    yield* Expect.equal("one for each queue", consumeTimeSpanSet.length, 1)
    const { consumeTimeStamp, delayTime, maxTimeStamp, minTimeStamp } = told
    yield* Expect.that(
      "the first, the consumed and the last are in order",
      before <= minTimeStamp && minTimeStamp === consumeTimeStamp && consumeTimeStamp <= maxTimeStamp,
      told
    )
    yield* Expect.that("the next has been waiting", delayTime >= 0 && delayTime < 60_000, told)
  }),

  behaviour("what is asked about a topic that there is not is refused with its name", function*() {
    const { topicName } = yield* Cluster
    const topic = topicName()
    const { TOPIC_NOT_EXIST } = ResponseCode
    yield* refused(
      "figures",
      RequestHeader.GetTopicStatsInfo.make({ topic }),
      TOPIC_NOT_EXIST,
      `topic[${topic}] not exist`
    )
    yield* refused(
      "times",
      RequestHeader.QueryConsumeTimeSpan.make({ topic, group: "g" }),
      TOPIC_NOT_EXIST,
      `topic[${topic}] not exist`
    )
    yield* refused(
      "a reset",
      RequestHeader.InvokeBrokerToResetOffset.make({ topic, group: "g", timestamp: 0, isForce: true }),
      TOPIC_NOT_EXIST,
      `Topic ${topic} does not exist`
    )
    yield* refused(
      "entries",
      RequestHeader.QueryConsumeQueue.make({ topic, queueId: 0, index: 0n, count: 1 }),
      ResponseCode.SYSTEM_ERROR,
      `0@${topic} is not exist!`
    )
  }),

  behaviour("the entries of a queue tell where its messages are, and the hash of their tags", function*() {
    const { topic } = yield* progressed(3, 0n)
    const messages = yield* Stored.readAll(topic)
    const entries = yield* ask(
      RequestHeader.QueryConsumeQueue.make({ topic, queueId: 0, index: 1n, count: 5 }),
      ConsumeQueue.decode
    )
    yield* Expect.equal("the bounds of the queue", [entries.minQueueIndex, entries.maxQueueIndex], [0n, 3n])
    yield* Expect.equal(
      "where they are",
      entries.queueData.map(({ physicOffset }) => physicOffset),
      messages.slice(1).map(({ commitLogOffset }) => commitLogOffset)
    )
    yield* Expect.equal(
      "their tags",
      entries.queueData.map(({ tagsCode }) => tagsCode),
      messages.slice(1).map(({ tags }) => BigInt(JavaHash.hashCode(tags ?? "")))
    )
  }),

  behaviour("an index behind the end of a queue has no entry", function*() {
    const { topic } = yield* progressed(1, 0n)
    const answer = yield* accepted(RequestHeader.QueryConsumeQueue.make({ topic, queueId: 0, index: 9n, count: 1 }))
    yield* Expect.equal("it says so", answer.remark, `Index 9 of 0@${topic} is not exist!`)
  }),

  behaviour("figures are kept for a topic that something was sent to, and for no other", function*() {
    const { topicName } = yield* Cluster
    const { topic } = yield* progressed(1, 0n)
    const stats = (statsKey: string) =>
      RequestHeader.ViewBrokerStatsData.make({ statsName: "TOPIC_PUT_NUMS", statsKey })
    const told = yield* ask(stats(topic), BrokerStats.decode)
    yield* Expect.that("figures of a minute", told.statsMinute !== undefined, told)
    const unknown = topicName()
    yield* refused(
      "another topic",
      stats(unknown),
      ResponseCode.SYSTEM_ERROR,
      `The stats <TOPIC_PUT_NUMS> <${unknown}> not exist`
    )
  }),

  behaviour("a broker tells how it is", function*() {
    const { table } = yield* ask(RequestHeader.GetBrokerRuntimeInfo.make({}), KVTable.decode)
    const names = [
      "brokerVersionDesc",
      "bootTimestamp",
      "commitLogMaxOffset",
      "putTps",
      "msgPutTotalTodayNow",
      "runtime"
    ]
    yield* Expect.equal("what tools look for is there", names.filter((name) => table[name] === undefined), [])
    yield* Expect.that("it is in service", table["brokerActive"] === "true", table["brokerActive"])
    const ha = yield* ask(RequestHeader.GetBrokerHaStatus.make({}), HAStatus.decode)
    yield* Expect.equal("it is a master", ha.master, true)
  }),

  behaviour("a broker's configuration is read and changed, but not all of it", function*() {
    const read = Effect.map(accepted(RequestHeader.GetBrokerConfig.make({})), ({ body }) => text(body).split("\n"))
    const write = (line: string) => RequestHeader.UpdateBrokerConfig.make({}, new TextEncoder().encode(line))
    const before = (yield* read).find((line) => line.startsWith("slaveTimeout="))
    yield* Expect.present("a setting is there", before)
    yield* accepted(write("slaveTimeout=3001"))
    yield* Expect.that("it is changed", (yield* read).includes("slaveTimeout=3001"), before)
    yield* accepted(write(before!))
    yield* accepted(write("noSuchSetting=1"))
    yield* Expect.that(
      "an unknown one is dropped",
      (yield* read).every((line) => !line.startsWith("noSuchSetting")),
      "it is there"
    )
    yield* refused(
      "where the configuration is",
      write("brokerConfigPath=/tmp"),
      ResponseCode.NO_PERMISSION,
      "Can not update config in black list."
    )
  }),

  behaviour("cleaning up is always a success", function*() {
    yield* accepted(RequestHeader.CleanExpiredConsumequeue.make({}))
    yield* accepted(RequestHeader.CleanUnusedTopic.make({}))
  }),

  behaviour("calls to a consumer that is not there are refused with group and client", function*() {
    const { group: name } = yield* Cluster
    const consumerGroup = name()
    yield* refused(
      "running info",
      RequestHeader.GetConsumerRunningInfo.make({ consumerGroup, clientId: "nobody", jstackEnable: false }),
      ResponseCode.SYSTEM_ERROR,
      `The Consumer <${consumerGroup}> <nobody> not online`
    )
    yield* refused(
      "connections",
      RequestHeader.GetConsumerConnectionList.make({ consumerGroup }),
      ResponseCode.CONSUMER_NOT_ONLINE,
      `the consumer group[${consumerGroup}] not online`
    )
    yield* refused(
      "producers",
      RequestHeader.GetProducerConnectionList.make({ producerGroup: consumerGroup }),
      ResponseCode.SYSTEM_ERROR,
      `the producer group[${consumerGroup}] not exist`
    )
  }),

  behaviour("a message of no transaction that is not there cannot be checked again", function*() {
    yield* refused(
      "an id of nothing",
      RequestHeader.ResumeCheckHalfMessage.make({ msgId: "7F00000100002A9F0000FFFFFFFFFFFF" }),
      ResponseCode.SYSTEM_ERROR,
      "Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC."
    )
  }),

  behaviour("limits of cold reading are kept by group", function*() {
    const { group: name } = yield* Cluster
    const group = name()
    yield* accepted(RequestHeader.UpdateColdDataFlowCtrConfig.make({}, new TextEncoder().encode(`${group}=100`)))
    const table = Effect.map(
      accepted(RequestHeader.GetColdDataFlowCtrInfo.make({})),
      ({ body }) => JSON.parse(text(body)).configTable[group]
    )
    yield* Expect.equal("it is kept", yield* table, 100)
    yield* accepted(RequestHeader.RemoveColdDataFlowCtrConfig.make({}, new TextEncoder().encode(group)))
    yield* Expect.equal("until it is taken away", yield* table, undefined)
  }),

  behaviour("key-value configuration of a name server is kept by namespace", function*() {
    const { topicName } = yield* Cluster
    const namespace = topicName()
    const { nameServer } = yield* Cluster
    yield* nameServer.requestAll(RequestHeader.PutKvConfig.make({ namespace, key: "one", value: "1" }))
    const one = yield* askNameServer(RequestHeader.GetKvConfig.make({ namespace, key: "one" }))
    yield* Expect.equal("it is there", one.extFields["value"], "1")
    const all = yield* askNameServer(RequestHeader.GetKvlistByNamespace.make({ namespace }))
    yield* Expect.equal("and listed", text(all.body), "{\"table\":{\"one\":\"1\"}}")
    yield* nameServer.requestAll(RequestHeader.DeleteKvConfig.make({ namespace, key: "one" }))
    const gone = yield* askNameServer(RequestHeader.GetKvConfig.make({ namespace, key: "one" }))
    yield* Expect.equal(
      "until it is deleted",
      [gone.code, gone.remark],
      [ResponseCode.QUERY_NOT_FOUND, `No config item, Namespace: ${namespace} Key: one`]
    )
  }),

  behaviour("a name server lists topics by cluster, and none of a cluster that there is not", function*() {
    const { nameServer, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { clusterAddrTable } = yield* nameServer.clusterInfo
    const cluster = yield* Expect.present("a cluster", Array.from(clusterAddrTable.keys())[0])
    const list = (cluster: string) =>
      Effect.flatMap(
        askNameServer(RequestHeader.GetTopicsByCluster.make({ cluster })),
        ({ body }) => TopicList.decode(body!)
      )
    yield* Expect.that("the topic is listed", (yield* list(cluster)).topicList.includes(name), name)
    yield* Expect.equal("of no cluster nothing is", (yield* list("nosuch")).topicList, [])
  }),

  behaviour("a name server tells the members of a broker's name", function*() {
    const { address, brokerName } = yield* Stored.firstMaster
    const answer = yield* askNameServer(
      RequestHeader.GetBrokerMemberGroup.make({ clusterName: "DefaultCluster", brokerName })
    )
    yield* Expect.that("the master is one", text(answer.body).includes(`0:"${address}"`), text(answer.body))
  }),

  behaviour("no topic of an unknown broker loses its permission to write", function*() {
    const answer = yield* askNameServer(RequestHeader.WipeWritePermOfBroker.make({ brokerName: "nosuch" }))
    yield* Expect.equal("none", [answer.code, answer.extFields["wipeTopicCount"]], [ResponseCode.SUCCESS, "0"])
  }),

  behaviour("a name server tells its configuration, and refuses to change where it is kept", function*() {
    const told = yield* askNameServer(RequestHeader.GetNamesrvConfig.make({}))
    yield* Expect.that("settings", /^enableTopicList=true$/m.test(text(told.body)), text(told.body))
    const refusal = yield* askNameServer(
      RequestHeader.UpdateNamesrvConfig.make({}, new TextEncoder().encode("kvConfigPath=/tmp"))
    )
    yield* Expect.equal(
      "a place",
      [refusal.code, refusal.remark],
      [ResponseCode.NO_PERMISSION, "Can not update config in black list."]
    )
  }),

  behaviour("a topic that is deleted everywhere and made again is found at once", function*() {
    const { broker, createTopic, nameServer, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { address } = yield* Stored.firstMaster
    yield* broker.deleteTopic(address, name)
    yield* nameServer.requestAll(RequestHeader.DeleteTopicInNamesrv.make({ topic: name }))
    const gone = yield* Effect.either(nameServer.refresh(name))
    yield* Expect.that("it is gone", gone._tag === "Left", gone)
    yield* createTopic(name, { queues: 2 })
    const route = yield* nameServer.refresh(name)
    yield* Expect.equal("it has its new queues", route.data.queueDatas[0]?.readQueueNums, 2)
    const receipt = yield* Stored.put({ topic: name, body: "again" })
    yield* Expect.equal("and begins anew", receipt.queueOffset, 0n)
    const [message] = yield* Stored.readAll(name)
    yield* Expect.equal("with its message", message === undefined ? "" : MessageExt.text(message), "again")
  })
]
