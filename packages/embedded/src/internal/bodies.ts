/**
 * Bodies of requests and answers, the broker's way: read and written here and not through the typed bodies of clients, so
 * that one mistaken field name cannot hide on both sides.
 *
 * @since 0.1.0
 */
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as Either from "effect/Either"
import { BadRequest } from "./fields.js"
import type { Topic } from "./topicTable.js"

/** What a group wants of a topic. The version is 64 bits: milliseconds of Java, nanoseconds of Go. */
export interface Subscription {
  readonly topic: string
  readonly subString: string
  readonly expressionType: string
  readonly classFilterMode: boolean
  readonly tagsSet: ReadonlyArray<string>
  readonly codeSet: ReadonlyArray<number>
  readonly subVersion: bigint
}

export interface ConsumerEntry {
  readonly groupName: string
  readonly consumeType: string
  readonly messageModel: string
  readonly consumeFromWhere: string
  readonly subscriptions: ReadonlyArray<Subscription>
}

export interface Heartbeat {
  readonly clientId: string
  readonly producerGroups: ReadonlyArray<string>
  readonly consumers: ReadonlyArray<ConsumerEntry>
  readonly fingerprint: number
  readonly withoutSub: boolean
}

export interface Queue {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
}

export interface LockRequest {
  readonly group: string
  readonly clientId: string
  readonly queues: ReadonlyArray<Queue>
}

/** Configuration of a consumer group, under its names on the wire. */
export interface GroupConfig {
  readonly [field: string]: LooseJson.Json
  readonly attributes: Readonly<Record<string, string>>
  readonly groupName: string
  readonly consumeEnable: boolean
  readonly consumeBroadcastEnable: boolean
  readonly retryQueueNums: number
  readonly retryMaxTimes: number
  readonly groupSysFlag: number
  readonly notifyConsumerIdsChangedEnable: boolean
}

const encoder = new TextEncoder()

export const write = (value: LooseJson.Json): Uint8Array => encoder.encode(LooseJson.stringify(value))

export const parse = (body: Uint8Array | undefined): LooseJson.JsonObject => {
  if (body === undefined) throw new BadRequest("the body is missing")
  const parsed = LooseJson.parse(body)
  if (Either.isLeft(parsed)) throw new BadRequest(parsed.left.message)
  if (!LooseJson.isObject(parsed.right)) throw new BadRequest("the body is no JSON object")
  return parsed.right
}

const text = (value: LooseJson.Json | undefined, otherwise = ""): string =>
  typeof value === "string" ? value : otherwise

const number = (value: LooseJson.Json | undefined, otherwise = 0): number =>
  typeof value === "number" || typeof value === "bigint" ? Number(value) : otherwise

const big = (value: LooseJson.Json | undefined): bigint => {
  if (typeof value === "bigint") return value
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : 0n
}

const list = (value: LooseJson.Json | undefined): LooseJson.JsonArray => LooseJson.isArray(value) ? value : []

const objects = (value: LooseJson.Json | undefined): ReadonlyArray<LooseJson.JsonObject> =>
  list(value).filter((item) => LooseJson.isObject(item))

const strings = (value: LooseJson.Json | undefined): ReadonlyArray<string> =>
  list(value).filter((item) => typeof item === "string")

/** Go writes them as text. */
const hashes = (value: LooseJson.Json | undefined): ReadonlyArray<number> =>
  list(value).map(Number).filter(Number.isInteger)

const subscription = (value: LooseJson.JsonObject): Subscription => ({
  topic: text(value["topic"]),
  subString: text(value["subString"]),
  expressionType: text(value["expressionType"], "TAG"),
  classFilterMode: value["classFilterMode"] === true,
  tagsSet: strings(value["tagsSet"]),
  codeSet: hashes(value["codeSet"]),
  subVersion: big(value["subVersion"])
})

export const readHeartbeat = (body: Uint8Array | undefined): Heartbeat => {
  const value = parse(body)
  return {
    clientId: text(value["clientID"]),
    producerGroups: objects(value["producerDataSet"]).map((producer) => text(producer["groupName"])),
    consumers: objects(value["consumerDataSet"]).map((consumer) => ({
      groupName: text(consumer["groupName"]),
      consumeType: text(consumer["consumeType"], "CONSUME_PASSIVELY"),
      messageModel: text(consumer["messageModel"], "CLUSTERING"),
      consumeFromWhere: text(consumer["consumeFromWhere"], "CONSUME_FROM_LAST_OFFSET"),
      subscriptions: objects(consumer["subscriptionDataSet"]).map(subscription)
    })),
    fingerprint: number(value["heartbeatFingerprint"]),
    withoutSub: value["withoutSub"] === true
  }
}

export const writeSubscription = (value: Subscription): LooseJson.JsonObject => ({
  classFilterMode: value.classFilterMode,
  codeSet: value.codeSet,
  expressionType: value.expressionType,
  subString: value.subString,
  subVersion: value.subVersion,
  tagsSet: value.tagsSet,
  topic: value.topic
})

/** A tag expression of a request: `TagA || TagB`, `*` or nothing. Undefined when no tag is left in it. */
export const tagSubscription = (topic: string, expression: string): Subscription | undefined => {
  const all = expression === "" || expression === "*"
  const tagsSet = all ? [] : expression.split("||").map((tag) => tag.trim()).filter((tag) => tag !== "")
  if (!all && tagsSet.length === 0) return undefined
  return {
    topic,
    subString: all ? "*" : expression,
    expressionType: "TAG",
    classFilterMode: false,
    tagsSet,
    codeSet: tagsSet.map(JavaHash.hashCode),
    subVersion: 0n
  }
}

export const readLock = (body: Uint8Array | undefined): LockRequest => {
  const value = parse(body)
  return {
    group: text(value["consumerGroup"]),
    clientId: text(value["clientId"]),
    queues: objects(value["mqSet"]).map((queue) => ({
      topic: text(queue["topic"]),
      brokerName: text(queue["brokerName"]),
      queueId: number(queue["queueId"])
    }))
  }
}

/** Acknowledgements of messages of one queue that were popped at once: `start` plus each distance. */
export interface BatchAck {
  readonly group: string
  readonly topic: string
  /** `0` the topic itself, `1` the group's retry topic of it. */
  readonly retry: string
  readonly queueId: number
  readonly popTime: number
  readonly start: number
  readonly distances: ReadonlyArray<number>
}

export const readBatchAck = (body: Uint8Array): ReadonlyArray<BatchAck> =>
  objects(parse(body)["acks"]).map((ack) => {
    const bits = Uint8Array.from(atob(text(ack["b"])), (char) => char.charCodeAt(0))
    const distances: Array<number> = []
    for (let i = 0; i < bits.length * 8; i++) if ((bits[i >> 3]! & 1 << (i & 7)) !== 0) distances.push(i)
    return {
      group: text(ack["c"]),
      topic: text(ack["t"]),
      retry: text(ack["r"]),
      queueId: number(ack["q"]),
      popTime: number(ack["pt"]),
      start: number(ack["so"]),
      distances
    }
  })

export const readRequestMode = (body: Uint8Array | undefined) => {
  const value = parse(body)
  return {
    topic: text(value["topic"]),
    group: text(value["consumerGroup"]),
    mode: text(value["mode"]) === "POP" ? "POP" as const : "PULL" as const,
    popShareQueueNum: number(value["popShareQueueNum"])
  }
}

export const readAssignmentQuery = (body: Uint8Array | undefined) => {
  const value = parse(body)
  return {
    topic: text(value["topic"]),
    group: text(value["consumerGroup"]),
    clientId: text(value["clientId"]),
    strategyName: text(value["strategyName"]),
    messageModel: text(value["messageModel"], "CLUSTERING")
  }
}

/** In the order that Java writes: tools compare the text. */
export const writeQueue = (queue: Queue): LooseJson.JsonObject => ({
  brokerName: queue.brokerName,
  queueId: queue.queueId,
  topic: queue.topic
})

/** A map keyed by queues: `{{"brokerName":…}:…}`. */
export const writeByQueue = (
  entries: ReadonlyArray<readonly [Queue, LooseJson.Json]>
): LooseJson.Json => new LooseJson.Entries(entries.map(([queue, value]) => [writeQueue(queue), value]))

/** A body that says that there is nothing. */
export const isNull = (body: Uint8Array): boolean => {
  const parsed = LooseJson.parse(body)
  return Either.isRight(parsed) && parsed.right === null
}

/** Topics as an administrator sends them, each with its attributes as changes. */
export const readTopics = (body: Uint8Array | undefined): ReadonlyArray<{
  readonly topic: Topic
  readonly changes: ReadonlyArray<readonly [string, string]>
}> =>
  objects(parse(body)["topicConfigList"]).map((value) => {
    const attributes = value["attributes"]
    return {
      topic: {
        name: text(value["topicName"]),
        readQueues: number(value["readQueueNums"], 16),
        writeQueues: number(value["writeQueueNums"], 16),
        perm: number(value["perm"], 6),
        sysFlag: number(value["topicSysFlag"]),
        order: value["order"] === true,
        multiTag: value["topicFilterType"] === "MULTI_TAG",
        attributes: {}
      },
      changes: LooseJson.isObject(attributes)
        ? Object.entries(attributes).map(([name, change]) => [name, text(change)] as const)
        : []
    }
  })

/** A user as it is sent: what is not said, or of no known kind, stays as it is. */
export const readUser = (body: Uint8Array | undefined) => {
  const value = parse(body)
  const type = text(value["userType"]).toLowerCase()
  const status = text(value["userStatus"]).toLowerCase()
  const password = value["password"]
  return {
    password: typeof password === "string" ? password : undefined,
    isSuper: type === "super" ? true : type === "normal" ? false : undefined,
    isEnabled: status === "enable" ? true : status === "disable" ? false : undefined
  }
}

/** The queues in a route. */
export const readQueueDatas = (body: Uint8Array | undefined) =>
  objects(parse(body)["queueDatas"]).map((value) => ({
    brokerName: text(value["brokerName"]),
    readQueues: number(value["readQueueNums"]),
    writeQueues: number(value["writeQueueNums"]),
    perm: number(value["perm"]),
    sysFlag: number(value["topicSysFlag"])
  }))

export const writeVersion = (counter: number, timestamp: number): LooseJson.JsonObject => ({
  counter,
  stateVersion: 0,
  timestamp
})

/** The subscription in the body of CHECK_CLIENT_CONFIG. */
export const readCheck = (body: Uint8Array | undefined): Subscription | undefined => {
  const value = parse(body)["subscriptionData"]
  return LooseJson.isObject(value) ? subscription(value) : undefined
}

export const groupConfig = (groupName: string): GroupConfig => ({
  attributes: {},
  brokerId: 0,
  consumeBroadcastEnable: true,
  consumeEnable: true,
  consumeFromMinEnable: true,
  consumeMessageOrderly: false,
  consumeTimeoutMinute: 15,
  groupName,
  groupRetryPolicy: { type: "CUSTOMIZED" },
  groupSysFlag: 0,
  notifyConsumerIdsChangedEnable: true,
  retryMaxTimes: 16,
  retryQueueNums: 1,
  whichBrokerWhenConsumeSlowly: 1
})

/** A group's configuration as an administrator sends it: what is missing or of another type stays at the default. */
export const readGroupConfig = (body: Uint8Array | undefined): GroupConfig => groupConfigOf(parse(body))

export const readGroupConfigs = (body: Uint8Array | undefined): ReadonlyArray<GroupConfig> =>
  objects(parse(body)["groupConfigList"]).map(groupConfigOf)

const groupConfigOf = (value: LooseJson.JsonObject): GroupConfig => {
  const base = groupConfig(text(value["groupName"]))
  const config: Record<string, LooseJson.Json> = { ...base }
  for (const name in value) {
    const given = value[name]
    if (given === undefined || given === null) continue
    if (name in base && typeof base[name] !== typeof given) continue
    config[name] = given
  }
  return { ...base, ...config }
}
