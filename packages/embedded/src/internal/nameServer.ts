/**
 * The name server: routes of all topics, taken from the brokers that are up, and the key-value configuration.
 *
 * @since 0.1.0
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type * as Auth from "../Auth.js"
import * as Accesses from "./access.js"
import { bodyAnswer } from "./answers.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import type { Group } from "./groups.js"
import type { Journal } from "./journal.js"
import * as NameServerAdmin from "./nameServerAdmin.js"
import type { Handler, Server, Shared } from "./server.js"
import { answer, make as makeServer, ok, suggestion } from "./server.js"
import * as Table from "./table.js"
import type { Topic, TopicTable } from "./topicTable.js"

const ORDER_TOPIC_CONFIG = "ORDER_TOPIC_CONFIG"

/** Brokers register anew every 30 s: a topic that was only deleted here comes back. */
const REGISTER_PERIOD = 30_000

export interface NameServer {
  readonly server: Server
  /** Whether the server of a broker is in the routes. */
  readonly setRegistered: (server: string, registered: boolean) => void
  /** Answers what it knows now, until told otherwise. */
  readonly setStale: (stale: boolean) => void
}

/** The brokers of one name, as far as they are registered. */
export interface Known extends Pick<Broker, "name" | "config"> {
  readonly addresses: ReadonlyArray<readonly [id: number, address: string]>
  readonly topics: Pick<TopicTable, "get" | "all">
}

export const make = (options: {
  readonly name: string
  readonly clusterName: string
  /** The port that clients connect to. */
  readonly port: string
  readonly groups: ReadonlyArray<Group>
  readonly idleTimeout: number
  readonly auth: Auth.Options | undefined
  readonly shared: Shared
  readonly journal: Journal
}): NameServer => {
  const { clusterName, journal, shared } = options
  const { timers } = shared
  const unregistered = new Set<string>()
  /** Topics that were deleted here, until when: the object, because a topic that is made anew is seen at once. */
  const hidden = new WeakMap<Topic, number>()
  /** Key-value configuration, by namespace and key. */
  const config = Table.map<string>(journal, "config")
  /** A namespace stays when its last key is gone. */
  const namespaces = Table.map<boolean>(journal, "namespaces")

  let stale: ReadonlyArray<Known> | undefined

  const registered = (): ReadonlyArray<Known> => stale ?? present()
  const present = (): ReadonlyArray<Known> =>
    options.groups.flatMap((group) => {
      const addresses = group.members()
        .filter(({ broker }) => !unregistered.has(broker.server.name))
        .map(({ address, id }) => [id, address] as const)
      const { config, name, topics } = group.master().broker
      return addresses.length === 0 ? [] : [{ name, config, topics, addresses }]
    })
  const remembered = (broker: Known): Known => {
    const topics = new Map(Array.from(broker.topics.all(), (topic) => [topic.name, topic] as const))
    return { ...broker, topics: { get: (name) => topics.get(name), all: () => topics.values() } }
  }
  const admin = NameServerAdmin.make({ port: options.port, registered })
  /** The topic of a broker as it is known here. */
  const known = (broker: Known, name: string): Topic | undefined => {
    const topic = broker.topics.get(name)
    return topic === undefined || timers.now() < (hidden.get(topic) ?? 0) ? undefined : topic
  }
  const brokerData = (broker: Known) => ({
    cluster: clusterName,
    brokerName: broker.name,
    brokerAddrs: Object.fromEntries(broker.addresses),
    enableActingMaster: false
  })

  const route: Handler = ({ request: { extFields } }) => {
    const topic = Fields.string(extFields, "topic")
    const extra = admin.registeredOf(topic)
    const holders = registered().filter((broker) =>
      known(broker, topic) !== undefined || extra.some(({ brokerName }) => brokerName === broker.name)
    )
    if (holders.length === 0) {
      return answer(
        ResponseCode.TOPIC_NOT_EXIST,
        `No topic route info in name server for the topic: ${topic}${suggestion}`
      )
    }
    const orderTopicConf = config.get(Table.keyOf(ORDER_TOPIC_CONFIG, topic))
    return {
      code: ResponseCode.SUCCESS,
      body: Bodies.write({
        brokerDatas: holders.map(brokerData),
        queueDatas: holders.map((broker) => {
          const found = known(broker, topic)
          const { perm, readQueues, sysFlag, writeQueues } = found === undefined
            ? extra.find(({ brokerName }) => brokerName === broker.name)!
            : { ...found, perm: admin.permission(broker, found) }
          return {
            brokerName: broker.name,
            readQueueNums: readQueues,
            writeQueueNums: writeQueues,
            perm,
            topicSysFlag: sysFlag
          }
        }),
        filterServerTable: {},
        orderTopicConf
      })
    }
  }

  const clusterInfo: Handler = () => ({
    code: ResponseCode.SUCCESS,
    body: Bodies.write({
      brokerAddrTable: Object.fromEntries(registered().map((broker) => [broker.name, brokerData(broker)])),
      clusterAddrTable: { [clusterName]: registered().map((broker) => broker.name) }
    })
  })

  const topicNames = () => {
    const names = new Set<string>(admin.registeredTopics())
    for (const broker of registered()) {
      for (const { name } of broker.topics.all()) if (known(broker, name) !== undefined) names.add(name)
    }
    return Array.from(names)
  }
  const topics: Handler = () => admin.disabled("enableAllTopicList") ?? bodyAnswer({ topicList: topicNames() })
  const topicsOfCluster: Handler = ({ request: { extFields } }) =>
    admin.disabled("enableTopicList") ??
      bodyAnswer({ topicList: Fields.string(extFields, "cluster") === clusterName ? topicNames() : [] })
  const systemTopics: Handler = () => ({
    code: ResponseCode.SUCCESS,
    body: Bodies.write({
      topicList: [clusterName, ...registered().map((broker) => broker.name)],
      brokerAddr: registered()[0]?.addresses[0]![1]
    })
  })
  const deleteTopic: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    if ((extFields["clusterName"] || clusterName) !== clusterName) return ok
    for (const broker of registered()) {
      const topic = broker.topics.get(name)
      if (topic !== undefined) hidden.set(topic, timers.now() + REGISTER_PERIOD)
    }
    admin.unregister(name)
    return ok
  }

  const put: Handler = ({ request: { extFields } }) => {
    const namespace = Fields.string(extFields, "namespace")
    if (extFields["key"] === undefined) return answer(ResponseCode.SYSTEM_ERROR, "namespace or key is null")
    if (!namespaces.has(namespace)) namespaces.set(namespace, true)
    config.set(Table.keyOf(namespace, Fields.string(extFields, "key")), Fields.string(extFields, "value"))
    return ok
  }
  const get: Handler = ({ request: { extFields } }) => {
    const namespace = Fields.string(extFields, "namespace")
    const key = Fields.string(extFields, "key")
    const value = config.get(Table.keyOf(namespace, key))
    return value === undefined
      ? answer(ResponseCode.QUERY_NOT_FOUND, `No config item, Namespace: ${namespace} Key: ${key}`)
      : { code: ResponseCode.SUCCESS, extFields: { value } }
  }
  const remove: Handler = ({ request: { extFields } }) => {
    config.delete(Table.keyOf(Fields.string(extFields, "namespace"), Fields.string(extFields, "key")))
    return ok
  }
  const list: Handler = ({ request: { extFields } }) => {
    const namespace = Fields.string(extFields, "namespace")
    const table = Array.from(config, ([key, value]) => [...Table.partsOf(key), value] as const)
      .filter(([of]) => of === namespace)
      .map(([, key, value]) => [key, value] as const)
    return !namespaces.has(namespace)
      ? answer(ResponseCode.QUERY_NOT_FOUND, `No config item, Namespace: ${namespace}`)
      : { code: ResponseCode.SUCCESS, body: Bodies.write({ table: Object.fromEntries(table) }) }
  }

  const access = options.auth?.nameServer === true ? Accesses.make(options.auth, clusterName) : undefined
  const server = makeServer({
    name: options.name,
    refusal: access?.refusal,
    shared,
    whenKept: journal.whenKept,
    handlers: () =>
      new Map<number, Handler>([
        [RequestCode.GET_ROUTEINFO_BY_TOPIC, route],
        [RequestCode.GET_BROKER_CLUSTER_INFO, clusterInfo],
        [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, topics],
        [RequestCode.GET_TOPICS_BY_CLUSTER, topicsOfCluster],
        [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, systemTopics],
        [RequestCode.DELETE_TOPIC_IN_NAMESRV, deleteTopic],
        [RequestCode.PUT_KV_CONFIG, put],
        [RequestCode.GET_KV_CONFIG, get],
        [RequestCode.DELETE_KV_CONFIG, remove],
        [RequestCode.GET_KVLIST_BY_NAMESPACE, list],
        ...admin.handlers
      ]),
    onClose: () => {},
    clientTimeout: options.idleTimeout
  })
  journal.recover()
  return {
    server,
    setRegistered: (broker, isRegistered) => {
      if (isRegistered) unregistered.delete(broker)
      else unregistered.add(broker)
    },
    setStale: (isStale) => {
      stale = isStale ? registered().map(remembered) : undefined
    }
  }
}
