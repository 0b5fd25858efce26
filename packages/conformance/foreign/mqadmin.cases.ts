/**
 * Commands of RocketMQ's mqadmin and how their output is compared: run in this order against one cluster, each command
 * finds what those before it have left. On the embedded broker and on Apache RocketMQ the compared lines must be equal.
 *
 * In arguments `$NS` is the name server, `$BROKER` the address of broker-a, `$CLUSTER` the cluster, `$T` a topic and `$G` a
 * group that nobody else uses, `$FILES` a folder with the files below; `$NAME` for each `capture` before.
 */
export interface Case {
  readonly id: string
  readonly args: ReadonlyArray<string>
  /** Which lines are compared; default all. */
  readonly keep?: RegExp
  readonly drop?: RegExp
  /** Replaced after times, addresses and ids, which always are. */
  readonly replace?: ReadonlyArray<readonly [RegExp, string]>
  /** Lines whose order is of no meaning. */
  readonly sort?: boolean
  /** Fetched from the output: the first group of the expression, for commands that follow. */
  readonly capture?: { readonly [name: string]: RegExp }
  /** Milliseconds to wait before: what the command looks at takes its time in a broker. */
  readonly after?: number
  /** It changes what all topics of the broker may do, for others too: to be run while nobody else uses the cluster. */
  readonly alone?: true
  /** It is repeated, a second apart, until the output holds this. */
  readonly until?: RegExp
  /** So often at most. Default 10. */
  readonly patience?: number
}

/** Files that commands read, by name. */
export const files: Readonly<Record<string, string>> = {
  "topics.json": JSON.stringify([
    { topicName: "$T-list1", readQueueNums: 2, writeQueueNums: 2, perm: 6 },
    { topicName: "$T-list2", readQueueNums: 3, writeQueueNums: 3, perm: 6 }
  ]),
  "groups.json": JSON.stringify([{ groupName: "$G-list1", retryMaxTimes: 3 }, { groupName: "$G-list2" }])
}

/** Java's object hashes, thread names and stack traces say nothing of the cluster. */
const noise = /^\s+at |^\s*\.\.\. \d+ more|RocketmqRemoting|^SLF4J/
const tps: ReadonlyArray<readonly [RegExp, string]> = [[/TPS: .*/, "TPS: <n>"]]
const figures: ReadonlyArray<readonly [RegExp, string]> = [[/-?\d+\.\d+(E-?\d+)?/g, "<n>"]]

export const cases: ReadonlyArray<Case> = [
  // ---- cluster and brokers
  { id: "clusterList", args: ["clusterList"], replace: [[/broker-a .*true$/, "broker-a … true"]] },
  { id: "clusterList-more", args: ["clusterList", "-m"], replace: [[/( \d+)+ ?$/, " <n>"]] },
  {
    id: "brokerStatus-keys",
    args: ["brokerStatus", "-b", "$BROKER"],
    // of the delay levels that were used
    drop: /^scheduleMessageOffset/,
    replace: [[/\s*:.*/, ""], [/_\/.*/, ""]],
    sort: true
  },
  {
    id: "brokerStatus-values",
    args: ["brokerStatus", "-b", "$BROKER"],
    // of what others have timed
    drop: /^timer(CongestNum|DequeueTps|EnqueueTps)/,
    keep:
      /^(brokerActive|brokerVersionDesc|brokerVersion|timer\w+|\w+QueueSize|\w+QueueCapacity|dispatchBehindBytes)\b/,
    sort: true
  },
  {
    id: "getBrokerConfig",
    args: ["getBrokerConfig", "-b", "$BROKER"],
    keep:
      /^(brokerPermission|maxMessageSize|messageDelayLevel|autoCreate\w+|defaultTopicQueueNums|brokerRole|longPollingEnable|\w+ThreadPoolQueueCapacity)\b/
  },
  {
    id: "getBrokerConfig-keys",
    args: ["getBrokerConfig", "-b", "$BROKER"],
    keep: /^[\w]+ +=/,
    drop: /^(rocketmqHome|namesrvAddr|storePath\w+|haListenPort|brokerConfigPath)\b/,
    replace: [[/\s*=.*/, ""]],
    sort: true
  },
  { id: "getBrokerConfig-cluster", args: ["getBrokerConfig", "-c", "$CLUSTER"], keep: /=====|brokerName/ },
  {
    id: "updateBrokerConfig",
    args: ["updateBrokerConfig", "-b", "$BROKER", "-k", "slaveTimeout", "-v", "2999"]
  },
  { id: "updateBrokerConfig-seen", args: ["getBrokerConfig", "-b", "$BROKER"], keep: /^slaveTimeout/ },
  {
    id: "updateBrokerConfig-forbidden",
    args: ["updateBrokerConfig", "-b", "$BROKER", "-k", "brokerConfigPath", "-v", "x"],
    keep: /CODE|DESC/
  },
  {
    id: "updateBrokerConfig-cluster",
    args: ["updateBrokerConfig", "-c", "$CLUSTER", "-k", "slaveTimeout", "-v", "3000"]
  },
  { id: "haStatus", args: ["haStatus", "-b", "$BROKER"], replace: [[/\d+/g, "<n>"]] },
  { id: "getBrokerEpoch", args: ["getBrokerEpoch", "-b", "broker-a"], keep: /CODE|DESC|epoch/i },
  { id: "resetMasterFlushOffset", args: ["resetMasterFlushOffset", "-b", "$BROKER", "-o", "1"] },
  // ---- name server
  {
    id: "getNamesrvConfig",
    args: ["getNamesrvConfig"],
    // the last one is changed by the next command, for whoever runs this again
    drop: /^(rocketmqHome|kvConfigPath|configStorePath|listenPort|productEnvName)\b/,
    sort: true
  },
  { id: "updateNamesrvConfig", args: ["updateNamesrvConfig", "-k", "productEnvName", "-v", "$T"] },
  { id: "updateNamesrvConfig-seen", args: ["getNamesrvConfig"], keep: /productEnvName/ },
  { id: "updateKvConfig", args: ["updateKvConfig", "-s", "$T", "-k", "one", "-v", "1"] },
  { id: "deleteKvConfig", args: ["deleteKvConfig", "-s", "$T", "-k", "one"] },
  { id: "deleteKvConfig-unknown", args: ["deleteKvConfig", "-s", "$T-none", "-k", "one"] },
  // ---- topics
  { id: "updateTopic", args: ["updateTopic", "-c", "$CLUSTER", "-t", "$T", "-r", "2", "-w", "2"] },
  { id: "updateTopic-broker", args: ["updateTopic", "-b", "$BROKER", "-t", "$T-b", "-r", "1", "-w", "1", "-p", "4"] },
  {
    id: "updateTopic-attributes",
    args: ["updateTopic", "-b", "$BROKER", "-t", "$T-fifo", "-r", "1", "-w", "1", "-a", "+message.type=FIFO"]
  },
  {
    id: "updateTopic-bad-attribute",
    args: ["updateTopic", "-b", "$BROKER", "-t", "$T-bad", "-a", "+message.type=NOTHING"],
    keep: /CODE|DESC/
  },
  {
    id: "updateTopic-unknown-attribute",
    args: ["updateTopic", "-b", "$BROKER", "-t", "$T-bad", "-a", "+nothing=1"],
    keep: /CODE|DESC/
  },
  { id: "updateTopic-bad-name", args: ["updateTopic", "-b", "$BROKER", "-t", "a b"], keep: /CODE|DESC/ },
  { id: "updateTopic-system", args: ["updateTopic", "-b", "$BROKER", "-t", "TBW102"], keep: /CODE|DESC/ },
  {
    id: "updateTopic-order",
    args: ["updateTopic", "-c", "$CLUSTER", "-t", "$T-order", "-r", "2", "-w", "2", "-o", "true"]
  },
  { id: "updateTopicList", args: ["updateTopicList", "-b", "$BROKER", "-f", "$FILES/topics.json"] },
  { id: "topicRoute", args: ["topicRoute", "-t", "$T"], until: /"perm":6/ },
  { id: "topicRoute-table", args: ["topicRoute", "-t", "$T-list2", "-l"] },
  { id: "topicRoute-unknown", args: ["topicRoute", "-t", "$T-none"], keep: /CODE|DESC/ },
  { id: "topicClusterList", args: ["topicClusterList", "-t", "$T"] },
  { id: "topicStatus-empty", args: ["topicStatus", "-t", "$T"], sort: true },
  { id: "topicStatus-unknown", args: ["topicStatus", "-t", "$T-none"], keep: /CODE|DESC/ },
  { id: "updateTopicPerm", args: ["updateTopicPerm", "-b", "$BROKER", "-t", "$T-b", "-p", "6"] },
  { id: "updateTopicPerm-cluster", args: ["updateTopicPerm", "-c", "$CLUSTER", "-t", "$T-b", "-p", "2"] },
  { id: "updateTopicPerm-seen", args: ["topicRoute", "-t", "$T-b"], until: /"perm":2/ },
  {
    id: "updateTopicPerm-unknown",
    args: ["updateTopicPerm", "-b", "$BROKER", "-t", "$T-none", "-p", "6"],
    keep: /CODE|DESC/
  },
  {
    id: "allocateMQ",
    args: ["allocateMQ", "-t", "$T", "-i", "10.0.0.1,10.0.0.2"],
    replace: [[/"queueId":\d/g, "\"queueId\":<n>"]]
  },
  { id: "updateOrderConf-put", args: ["updateOrderConf", "-m", "put", "-t", "$T", "-v", "broker-a:2"] },
  { id: "updateOrderConf-get", args: ["updateOrderConf", "-m", "get", "-t", "$T"] },
  { id: "updateOrderConf-delete", args: ["updateOrderConf", "-m", "delete", "-t", "$T"] },
  { id: "updateOrderConf-gone", args: ["updateOrderConf", "-m", "get", "-t", "$T"], keep: /CODE|DESC/ },
  {
    id: "topicList",
    args: ["topicList"],
    drop: /TRANS_CHECK_MAX|^(?!.*(SYS|sys|\$T|TBW|TOPIC|broker-a|Cluster|Test)).*|%/,
    sort: true
  },
  // ---- messages
  {
    id: "sendMessage",
    args: ["sendMessage", "-t", "$T", "-k", "$T-key", "-c", "TagA", "-p", "hello", "-b", "broker-a", "-i", "0"],
    capture: { MSGID: /SEND_OK\s+(\w+)/ }
  },
  {
    id: "sendMessage-second",
    args: ["sendMessage", "-t", "$T", "-k", "$T-key", "-c", "TagB", "-p", "world", "-b", "broker-a", "-i", "0"]
  },
  { id: "sendMessage-unknown-broker", args: ["sendMessage", "-t", "$T", "-p", "x", "-b", "broker-z", "-i", "0"] },
  { id: "topicStatus", args: ["topicStatus", "-t", "$T"], sort: true },
  {
    id: "queryMsgByUniqueKey",
    args: ["queryMsgByUniqueKey", "-t", "$T", "-i", "$MSGID"],
    until: /OffsetID/,
    capture: { OFFSETID: /OffsetID:\s+(\w+)/ },
    replace: [[/Message Body Path:.*/, "Message Body Path"]]
  },
  {
    id: "queryMsgByUniqueKey-all",
    args: ["queryMsgByUniqueKey", "-t", "$T", "-i", "$MSGID", "-a"],
    replace: [[/Path:.*/, "Path"]]
  },
  { id: "queryMsgById", args: ["queryMsgById", "-t", "$T", "-i", "$OFFSETID"], replace: [[/Path:.*/, "Path"]] },
  {
    id: "queryMsgById-unknown",
    args: ["queryMsgById", "-t", "$T", "-i", "7F0000010000FFFF00000000FFFFFFFF"],
    keep: /CODE|DESC|not found/i
  },
  {
    id: "queryMsgByKey",
    args: ["queryMsgByKey", "-t", "$T", "-k", "$T-key"],
    until: /#Message ID[^]*\n\S+ +\d/,
    sort: true
  },
  { id: "queryMsgByKey-unknown", args: ["queryMsgByKey", "-t", "$T", "-k", "$T-none"], keep: /CODE|DESC/ },
  {
    id: "queryMsgByOffset",
    args: ["queryMsgByOffset", "-t", "$T", "-b", "broker-a", "-i", "0", "-o", "0"],
    replace: [[/Path:.*/, "Path"]]
  },
  { id: "printMsg", args: ["printMsg", "-t", "$T", "-d", "true"], sort: true },
  { id: "printMsg-tag", args: ["printMsg", "-t", "$T", "-s", "TagB", "-d", "true"], sort: true },
  {
    id: "printMsgByQueue",
    args: ["printMsgByQueue", "-t", "$T", "-a", "broker-a", "-i", "0", "-p", "true", "-d", "true"]
  },
  { id: "printMsgByQueue-count", args: ["printMsgByQueue", "-t", "$T", "-a", "broker-a", "-i", "0", "-f", "true"] },
  {
    id: "queryCq",
    args: ["queryCq", "-t", "$T", "-q", "0", "-i", "0", "-c", "1", "-b", "$BROKER"],
    replace: [[/"?(physicOffset|physicSize)"?[=:]\s*\d+/g, "$1"]]
  },
  {
    id: "consumeMessage",
    args: ["consumeMessage", "-t", "$T", "-g", "$G", "-b", "broker-a", "-i", "0", "-o", "0", "-c", "2"]
  },
  {
    id: "checkMsgSendRT",
    args: ["checkMsgSendRT", "-t", "$T", "-a", "2", "-s", "16"],
    replace: [[/\d+(\.\d+)?/g, "<n>"]]
  },
  { id: "sendMsgStatus", args: ["sendMsgStatus", "-b", "broker-a", "-c", "2", "-s", "16"], replace: [[/\d+/g, "<n>"]] },
  // ---- groups
  { id: "updateSubGroup", args: ["updateSubGroup", "-b", "$BROKER", "-g", "$G", "-r", "5"] },
  {
    id: "updateSubGroup-cluster",
    args: ["updateSubGroup", "-c", "$CLUSTER", "-g", "$G-c", "-s", "true", "-d", "false"]
  },
  {
    id: "updateSubGroup-attribute",
    args: ["updateSubGroup", "-b", "$BROKER", "-g", "$G-a", "--attributes", "+priority.factor=5"]
  },
  {
    id: "updateSubGroup-bad-attribute",
    args: ["updateSubGroup", "-b", "$BROKER", "-g", "$G-a", "--attributes", "+nothing=5"],
    keep: /CODE|DESC/,
    replace: [[/, org\.apache.*/, ""]]
  },
  { id: "updateSubGroup-bad-name", args: ["updateSubGroup", "-b", "$BROKER", "-g", "a b"], keep: /CODE|DESC/ },
  { id: "updateSubGroupList", args: ["updateSubGroupList", "-b", "$BROKER", "-f", "$FILES/groups.json"] },
  { id: "getConsumerConfig", args: ["getConsumerConfig", "-g", "$G"], sort: true },
  { id: "getConsumerConfig-list", args: ["getConsumerConfig", "-g", "$G-list1"], keep: /retryMaxTimes|groupName/ },
  { id: "setConsumeMode", args: ["setConsumeMode", "-b", "$BROKER", "-t", "$T", "-g", "$G", "-m", "POP", "-q", "1"] },
  {
    id: "setConsumeMode-unknown-topic",
    args: ["setConsumeMode", "-b", "$BROKER", "-t", "$T-none", "-g", "$G", "-m", "POP"],
    keep: /CODE|DESC/
  },
  // ---- offsets
  { id: "resetOffsetByTime", args: ["resetOffsetByTime", "-g", "$G", "-t", "$T", "-s", "0"], sort: true },
  {
    id: "resetOffsetByTime-offset",
    args: ["resetOffsetByTime", "-g", "$G", "-t", "$T", "-s", "-1", "-b", "$BROKER", "-q", "0", "-o", "1"]
  },
  {
    id: "resetOffsetByTime-unknown",
    args: ["resetOffsetByTime", "-g", "$G", "-t", "$T-none", "-s", "0"],
    keep: /CODE|DESC/
  },
  { id: "consumerProgress", args: ["consumerProgress", "-g", "$G", "-t", "$T"], replace: tps },
  { id: "consumerProgress-group", args: ["consumerProgress", "-g", "$G"], replace: tps },
  { id: "consumerProgress-unknown", args: ["consumerProgress", "-g", "$G-none"], keep: /CODE|DESC/ },
  { id: "skipAccumulatedMessage", args: ["skipAccumulatedMessage", "-g", "$G", "-t", "$T"], sort: true },
  { id: "cloneGroupOffset", args: ["cloneGroupOffset", "-s", "$G", "-d", "$G-c", "-t", "$T", "-o", "true"] },
  { id: "cloneGroupOffset-seen", args: ["consumerProgress", "-g", "$G-c", "-t", "$T"], replace: tps },
  { id: "brokerConsumeStats", args: ["brokerConsumeStats", "-b", "$BROKER"], keep: /#Topic|\$T /, sort: true },
  { id: "statsAll", args: ["statsAll", "-t", "$T"], replace: [...figures, [/( \d+){2} ?$/, " <n> <n>"]], sort: true },
  // ---- clients
  // what earlier commands were connected with is gone after a while
  {
    id: "consumerConnection-offline",
    args: ["consumerConnection", "-g", "$G", "-b", "$BROKER"],
    keep: /CODE|DESC/,
    until: /CODE/,
    // what a broker was too busy to sign off it forgets after two minutes
    patience: 150
  },
  { id: "producerConnection-unknown", args: ["producerConnection", "-g", "$G", "-t", "$T"], keep: /CODE|DESC/ },
  {
    id: "consumerStatus-offline",
    args: ["consumerStatus", "-g", "$G", "-b", "$BROKER"],
    keep: /CODE|DESC/,
    until: /CODE: 206/,
    patience: 40
  },
  {
    id: "producer",
    args: ["producer", "-b", "$BROKER"],
    until: /^(?![^]*producer group)/,
    patience: 40,
    replace: [[/\(.*?\)|@\S*?,|remoteIP=\S*|lastUpdateTimestamp=\d+/g, ""]],
    sort: true
  },
  // ---- permission to write
  { id: "wipeWritePerm", alone: true, args: ["wipeWritePerm", "-b", "broker-a"], replace: [[/\d+/g, "<n>"]] },
  { id: "wipeWritePerm-seen", alone: true, args: ["topicRoute", "-t", "$T"] },
  { id: "addWritePerm", alone: true, args: ["addWritePerm", "-b", "broker-a"], replace: [[/\d+/g, "<n>"]] },
  { id: "addWritePerm-seen", alone: true, args: ["topicRoute", "-t", "$T"] },
  { id: "wipeWritePerm-unknown", args: ["wipeWritePerm", "-b", "broker-z"] },
  // ---- maintenance
  { id: "cleanExpiredCQ", args: ["cleanExpiredCQ", "-b", "$BROKER"] },
  { id: "cleanUnusedTopic", args: ["cleanUnusedTopic", "-b", "$BROKER"] },
  { id: "deleteExpiredCommitLog", args: ["deleteExpiredCommitLog", "-b", "$BROKER"] },
  {
    id: "checkRocksdbCqWriteProgress",
    args: ["checkRocksdbCqWriteProgress", "-c", "$CLUSTER", "-n", "$NS"],
    drop: noise
  },
  {
    id: "updateColdDataFlowCtrGroupConfig",
    args: ["updateColdDataFlowCtrGroupConfig", "-b", "$BROKER", "-g", "$G", "-v", "100"]
  },
  { id: "getColdDataFlowCtrInfo", args: ["getColdDataFlowCtrInfo", "-b", "$BROKER"], replace: [[/\[|\]|\d{9,}/g, ""]] },
  { id: "removeColdDataFlowCtrGroupConfig", args: ["removeColdDataFlowCtrGroupConfig", "-b", "$BROKER", "-g", "$G"] },
  { id: "setCommitLogReadAheadMode", args: ["setCommitLogReadAheadMode", "-b", "$BROKER", "-m", "0"] },
  // ---- users, on a broker that has none
  { id: "listUser-without", args: ["listUser", "-b", "$BROKER"], keep: /CODE|DESC/ },
  { id: "createUser-without", args: ["createUser", "-b", "$BROKER", "-u", "bob", "-p", "x"], keep: /CODE|DESC/ },
  { id: "getAcl-without", args: ["getAcl", "-b", "$BROKER", "-s", "User:bob"], keep: /CODE|DESC/ },
  // ---- taking it all away
  { id: "deleteSubGroup", args: ["deleteSubGroup", "-b", "$BROKER", "-g", "$G-a", "-r", "true"] },
  { id: "deleteSubGroup-cluster", args: ["deleteSubGroup", "-c", "$CLUSTER", "-g", "$G-c", "-r", "true"] },
  { id: "deleteTopic", args: ["deleteTopic", "-c", "$CLUSTER", "-t", "$T-list1"] },
  { id: "deleteTopic-seen", args: ["topicRoute", "-t", "$T-list1"], keep: /CODE|DESC/ },
  { id: "deleteTopic-unknown", args: ["deleteTopic", "-c", "$CLUSTER", "-t", "$T-none"] }
]
