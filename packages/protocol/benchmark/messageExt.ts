/**
 * What a consumer pays, in CPU time, to read a pull response: 32 messages of 1 KiB, of which it reads body, offset and tag.
 * Run with `tsx benchmark/messageExt.ts`.
 */
import * as Either from "effect/Either"
import * as Crypto from "node:crypto"
import * as MessageExt from "../src/MessageExt.js"

const count = 32

const response = Buffer.concat(Array.from({ length: count }, (_, i) =>
  Either.getOrThrow(MessageExt.encode({
    topic: "BenchmarkTopic",
    body: new Uint8Array(Crypto.randomBytes(1024)),
    queueId: 3,
    queueOffset: 100_000n + BigInt(i),
    commitLogOffset: 4_986_485_058n + BigInt(i) * 1300n,
    bornTimestamp: 1_700_000_000_000,
    bornHost: "127.0.0.1:57056",
    storeTimestamp: 1_700_000_000_001,
    storeHost: "127.0.0.1:10911",
    properties: {
      MSG_REGION: "DefaultRegion",
      UNIQ_KEY: "7F00000100012A2B3C4D00000AB1" + i.toString(16).padStart(4, "0").toUpperCase(),
      CLUSTER: "DefaultCluster",
      TAGS: "TagA",
      KEYS: "key1 key2",
      WAIT: "true",
      TRACE_ON: "true"
    }
  }))))

let sink = 0

const cases: Record<string, (message: MessageExt.MessageExt) => void> = {
  "nothing": () => {},
  "body, queueOffset, tags": (message) => {
    sink += message.body.length + Number(message.queueOffset & 1n) + (message.tags ?? "").length
  },
  "body, queueOffset, tags, uniqueKey": (message) => {
    sink += message.body.length + Number(message.queueOffset & 1n) + (message.tags ?? "").length +
      (message.uniqueKey ?? "").length
  },
  "body, queueOffset, topic, all properties": (message) => {
    sink += message.body.length + Number(message.queueOffset & 1n) + message.topic.length +
      (message.properties["TAGS"] ?? "").length
  }
}

const round = (read: (message: MessageExt.MessageExt) => void, times: number): number => {
  const start = process.cpuUsage()
  for (let i = 0; i < times; i++) {
    const { messages } = MessageExt.decodeAll(response)
    for (let m = 0; m < messages.length; m++) read(messages[m]!)
  }
  const { system, user } = process.cpuUsage(start)
  return (user + system) * 1000 / times / count
}

for (const [name, read] of Object.entries(cases)) {
  round(read, 2000)
  const samples = Array.from({ length: 15 }, () => round(read, 2000)).sort((a, b) => a - b)
  process.stdout.write(`decodeAll + ${name}: ${samples[0]!.toFixed(0)} ns per message\n`)
}
if (sink < 0) process.exitCode = 1
