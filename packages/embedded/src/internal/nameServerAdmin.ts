/**
 * Requests of administrators to the name server, beside those about routes: permission to write, lists of unit topics,
 * members of a broker name, its own configuration.
 *
 * @since 0.1.0
 */
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { bodyAnswer, notSet } from "./answers.js"
import * as Bodies from "./bodies.js"
import { readProperties, writeProperties } from "./brokerConfig.js"
import * as Fields from "./fields.js"
import type { Known } from "./nameServer.js"
import type { Answer, Handler } from "./server.js"
import { answer, ok } from "./server.js"
import type { Topic } from "./topicTable.js"

/** Bits of a topic's flags: it belongs to a unit, somebody of another unit subscribes to it. */
const UNIT = 1
const UNIT_SUBSCRIBED = 2

/** Topics that were made known here and not by a broker. */
export interface Registered {
  readonly brokerName: string
  readonly readQueues: number
  readonly writeQueues: number
  readonly perm: number
  readonly sysFlag: number
}

export interface NameServerAdmin {
  readonly handlers: ReadonlyArray<readonly [number, Handler]>
  /** What the route says that may be done with a topic of a broker. */
  readonly permission: (broker: Known, topic: Topic) => number
  readonly registeredOf: (topic: string) => ReadonlyArray<Registered>
  readonly registeredTopics: () => Iterable<string>
  readonly unregister: (topic: string) => void
  /** The refusal of a list that the configuration has switched off. */
  readonly disabled: (name: "enableAllTopicList" | "enableTopicList") => Answer | undefined
}

const defaults = `
bindAddress=0.0.0.0
clientRequestThreadPoolNums=8
clientRequestThreadPoolQueueCapacity=50000
clusterTest=false
configBlackList=configBlackList;configStorePath;kvConfigPath
defaultThreadPoolNums=16
defaultThreadPoolQueueCapacity=10000
deleteTopicWithBrokerRegistration=false
enableAllTopicList=true
enableControllerInNamesrv=false
enableShutdownGracefully=false
enableTopicList=true
needWaitForService=false
notifyMinBrokerIdChanged=false
orderMessageEnable=false
productEnvName=center
returnOrderTopicConfigToBroker=true
scanNotActiveBrokerInterval=5000
serverAsyncSemaphoreValue=64
serverCallbackExecutorThreads=0
serverChannelMaxIdleTimeSeconds=120
serverNettyWorkerGroupEnable=true
serverOnewaySemaphoreValue=256
serverPooledByteBufAllocatorEnable=true
serverSelectorThreads=3
serverSocketBacklog=1024
serverSocketRcvBufSize=0
serverSocketSndBufSize=0
serverWorkerThreads=8
shutdownWaitTimeSeconds=30
supportActingMaster=false
unRegisterBrokerQueueCapacity=3000
useEpollNativeSelector=false
waitSecondsForService=45
writeBufferHighWaterMark=0
writeBufferLowWaterMark=0
`

const fixed = ["configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"]

export const make = (options: {
  readonly port: string
  /** The brokers that are in the routes now. */
  readonly registered: () => ReadonlyArray<Known>
}): NameServerAdmin => {
  const { registered } = options
  const config = new Map(readProperties(new TextEncoder().encode(defaults)))
  config.set("listenPort", options.port)
  /** Permissions that an administrator has changed here, until the broker tells of the topic or of its own anew. */
  const permissions = new WeakMap<Topic, { readonly perm: number; readonly ofBroker: number }>()
  const extra = new Map<string, ReadonlyArray<Registered>>()

  const permission = (broker: Known, topic: Topic): number => {
    const ofBroker = broker.config.permission()
    const isOpen = Permission.isReadable(ofBroker) && Permission.isWriteable(ofBroker)
    const changed = permissions.get(topic)
    if (changed !== undefined && changed.ofBroker === ofBroker) return changed.perm
    return isOpen ? topic.perm : topic.perm & ofBroker
  }
  const changePermissions = (counted: string, change: (before: number) => number): Handler => ({ request }) => {
    const name = Fields.string(request.extFields, "brokerName")
    let count = 0
    for (const broker of registered().filter((broker) => broker.name === name)) {
      for (const topic of broker.topics.all()) {
        permissions.set(topic, { perm: change(permission(broker, topic)), ofBroker: broker.config.permission() })
        count++
      }
    }
    return { code: ResponseCode.SUCCESS, extFields: { [counted]: String(count) } }
  }

  const disabled = (name: string): Answer | undefined =>
    config.get(name) === "false" ? answer(ResponseCode.SYSTEM_ERROR, "disable") : undefined
  const topicsWhere = (matches: (sysFlag: number) => boolean): Handler => () => {
    const names = new Set<string>()
    for (const broker of registered()) {
      for (const topic of broker.topics.all()) if (matches(topic.sysFlag)) names.add(topic.name)
    }
    return disabled("enableTopicList") ?? bodyAnswer({ topicList: Array.from(names) })
  }

  const members: Handler = ({ request: { extFields } }) => {
    const brokerName = Fields.string(extFields, "brokerName")
    const found = registered().find((broker) => broker.name === brokerName)
    return {
      ...bodyAnswer({
        brokerMemberGroup: {
          brokerAddrs: new LooseJson.Entries(found?.addresses ?? []),
          brokerName,
          cluster: Fields.string(extFields, "clusterName")
        }
      }),
      remark: notSet.remark
    }
  }

  const registerTopic: Handler = ({ request }) => {
    const queues = Bodies.readQueueDatas(request.body)
    if (queues.length > 0) extra.set(Fields.string(request.extFields, "topic"), queues)
    return ok
  }

  const readConfig: Handler = () => ({
    code: ResponseCode.SUCCESS,
    body: writeProperties(Array.from(config).sort(([left], [right]) => left < right ? -1 : 1))
  })
  const updateConfig: Handler = ({ request }) => {
    if (request.body === undefined) return ok
    const changes = readProperties(request.body)
    if (Array.from(changes.keys()).some((name) => fixed.includes(name))) {
      return answer(ResponseCode.NO_PERMISSION, "Can not update config in black list.")
    }
    for (const [name, value] of changes) if (config.has(name)) config.set(name, value)
    return ok
  }

  return {
    permission,
    registeredOf: (topic) => extra.get(topic) ?? [],
    registeredTopics: () => extra.keys(),
    unregister: (topic) => {
      extra.delete(topic)
    },
    disabled,
    handlers: [
      [
        RequestCode.WIPE_WRITE_PERM_OF_BROKER,
        changePermissions("wipeTopicCount", (before) => before & ~Permission.WRITE)
      ],
      [
        RequestCode.ADD_WRITE_PERM_OF_BROKER,
        changePermissions("addTopicCount", () => Permission.READ | Permission.WRITE)
      ],
      [RequestCode.GET_UNIT_TOPIC_LIST, topicsWhere((flag) => (flag & UNIT) !== 0)],
      [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, topicsWhere((flag) => (flag & UNIT_SUBSCRIBED) !== 0)],
      [
        RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
        topicsWhere((flag) => (flag & UNIT) === 0 && (flag & UNIT_SUBSCRIBED) !== 0)
      ],
      [RequestCode.GET_BROKER_MEMBER_GROUP, members],
      [RequestCode.REGISTER_TOPIC_IN_NAMESRV, registerTopic],
      [RequestCode.BROKER_HEARTBEAT, () => ok],
      [RequestCode.GET_NAMESRV_CONFIG, readConfig],
      [RequestCode.UPDATE_NAMESRV_CONFIG, updateConfig]
    ]
  }
}
