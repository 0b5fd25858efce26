/**
 * What our producer sends, in every format, and what Java, Go and we get of it: the bytes of the body, and everything
 * that was given with them. One consumer of each language gets all formats, on Apache RocketMQ when
 * `ROCKETMQ_NAMESRV_ADDR` is set, else on the embedded broker over TCP. Java and Go are skipped where they are missing (see
 * peers.ts).
 */
import { Message, MessageSelector, TransactionProducer } from "@effect-rocketmq/client"
import type { MessageExt } from "@effect-rocketmq/client"
import { Await, Cluster, Inbox, Member, Stored, Targets } from "@effect-rocketmq/conformance"
import { CompressionType, MessageProperties, SysFlag } from "@effect-rocketmq/protocol"
import { assert, layer } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Layer } from "effect"
import { formats } from "./formats.js"
import type { Format, Given } from "./formats.js"
import { digestOf, digests, given, go, java, sha256 } from "./peers.js"
import type { Digest, Peer } from "./peers.js"

type Language = Peer["language"] | "TypeScript"

const peers: ReadonlyArray<Peer> = [java, go]

interface Sent {
  readonly message: Message.Message
  readonly msgId: string
}

type Deliveries = ReadonlyMap<string, ReadonlyArray<Digest>>

/** All formats sent, and all that came of them. */
class Run extends Context.Tag("formats/Run")<Run, {
  readonly sent: (format: Format) => Effect.Effect<ReadonlyArray<Sent>, Error>
  /** By unique key, as brokers have them. */
  readonly stored: ReadonlyMap<string, MessageExt.MessageExt>
  readonly rolledBack: Sent
  readonly deliveries: (language: Language) => Effect.Effect<Deliveries, Error>
}>() {}

/** Nothing is claimed of the time that a busy machine takes. */
const patience = { attemptTimeout: "20 seconds", sendTimeout: "40 seconds" } as const

const messageOf = (topic: string, { deliverIn, ...options }: Given) =>
  Effect.map(
    Clock.currentTimeMillis,
    (now) => Message.make({ topic, ...options, deliverAt: deliverIn === undefined ? undefined : now + deliverIn })
  )

/** A producer with transactions on a client of its own. */
const transactor = (check: TransactionProducer.Check, format?: Format) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const options = { ...patience, endTimeout: patience.attemptTimeout, ...format?.producer }
    const { service } = yield* Member.start(
      TransactionProducer.layer({ group: cluster.group(), check, ...options }).pipe(
        Layer.provide(cluster.client(format?.client))
      )
    )
    return Context.get(service, TransactionProducer.TransactionProducer)
  })

const rollBack = (message: Message.Message) =>
  Effect.gen(function*() {
    const transactions = yield* transactor(TransactionProducer.alwaysRollback)
    const { receipt, rollback } = yield* transactions.begin(message)
    yield* rollback
    return { message, msgId: receipt.uniqueKey }
  }).pipe(Effect.scoped)

const send = (format: Format, topic: string) =>
  Effect.gen(function*() {
    const messages = yield* Effect.forEach(format.messages, (message) => messageOf(topic, message))
    if (format.how === "transaction") {
      const transactions = yield* transactor(TransactionProducer.alwaysCommit, format)
      return yield* Effect.forEach(messages, (message) =>
        Effect.map(
          transactions.transaction(message, Effect.void),
          ({ receipt }): Sent => ({ message, msgId: receipt.uniqueKey })
        ))
    }
    const producer = yield* Member.sender({ ...patience, ...format.producer, client: format.client })
    const receipts = format.how === "batch"
      ? yield* producer.sendBatch(messages)
      : yield* Effect.forEach(messages, (message) => producer.send(message))
    return receipts.map(({ uniqueKey }, i): Sent => ({ message: messages[i]!, msgId: uniqueKey }))
  }).pipe(Effect.scoped, Effect.mapError((error) => new Error(error.message)), Effect.either)

const byId = (all: ReadonlyArray<Digest>): Deliveries => {
  const found = new Map<string, Array<Digest>>()
  for (const digest of all) {
    const others = found.get(digest.msgId)
    if (others === undefined) found.set(digest.msgId, [digest])
    else others.push(digest)
  }
  return found
}

const total = formats.reduce((sum, { messages }) => sum + messages.length, 0)
const seconds = 90

/** Starts one consumer of the language; the inner effect waits for the end of it. */
const consume = (language: Language, topic: string) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const peer = peers.find((candidate) => candidate.language === language)
    if (peer !== undefined) {
      const { end } = yield* peer.start(
        "digest",
        cluster.nameServers.join(";"),
        topic,
        cluster.group(),
        String(total),
        String(seconds)
      )
      return Effect.map(end, digests)
    }
    const inbox = Inbox.make<Digest>()
    yield* Member.consumer({ subscriptions: { [topic]: MessageSelector.all } }, (message) =>
      Effect.sync(() => inbox.add(digestOf(message))))
    const all = Effect.sync(inbox.all)
    const within = `${seconds} seconds` as const
    return Effect.zipRight(
      Effect.ignore(Await.until("all is consumed", all, (some) =>
        byId(some).size >= total, { within })),
      all
    )
  })

const languages: ReadonlyArray<Language> = [
  "TypeScript",
  ...peers.filter(({ isReady }) => isReady).map(({ language }) => language)
]

const run = Effect.gen(function*() {
  const cluster = yield* Cluster.Cluster
  const topic = yield* cluster.topic({ queues: 4 })
  const consuming = yield* Effect.forEach(languages, (language) => consume(language, topic))
  const rolledBack = yield* Effect.flatMap(messageOf(topic, { body: "rolled back" }), rollBack)
  const sent = yield* Effect.forEach(formats, (format) => send(format, topic), { concurrency: 4 })
  const ended = yield* Effect.forEach(consuming, (end) => Effect.either(Effect.map(end, byId)), { concurrency: 3 })
  const stored = yield* Stored.readAll(topic)
  return Run.of({
    sent: (format) => sent[formats.indexOf(format)]!,
    stored: new Map(stored.map((message) => [message.msgId, message])),
    rolledBack,
    deliveries: (language) => ended[languages.indexOf(language)]!
  })
})

/** When the broker may deliver it, at the earliest. Level 1 is a second. */
const dueTime = (message: Message.Message, bornTimestamp: number): number =>
  message.deliverAt ?? bornTimestamp +
      (message.delay === undefined ? message.delayLevel * 1000 : Duration.toMillis(message.delay))

/** What a consumer must tell, by what was given. */
const expected = (
  language: Language,
  format: Format,
  { message, msgId }: Sent,
  stored: MessageExt.MessageExt
): Digest => {
  // Go's consumer knows one compression, zlib: it gives other bodies to the handler as they are stored
  const isRaw = language === "Go" && (format.stored === "LZ4" || format.stored === "ZSTD")
  const body = isRaw ? stored.body : message.body
  return {
    msgId,
    tags: message.tags ?? null,
    keys: message.properties[MessageProperties.KEYS] ?? null,
    // Go looks for it under the name SHARDING_KEY; that of Java and us is a property like any other there
    shardingKey: language === "Go" ? null : message.shardingKey ?? null,
    flag: message.flag,
    // nothing can tell an empty value from none
    properties: Object.fromEntries(Object.entries(message.properties).filter(([, value]) => value !== "")),
    bodyLength: body.length,
    sha256: sha256(body),
    reconsumeTimes: 0
  }
}

const caveat = (language: Language, format: Format) =>
  language === "Go" && (format.stored === "LZ4" || format.stored === "ZSTD")
    ? ", as compressed bytes: Go does not know them"
    : ""

const address = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
const target = address === "" ? Targets.embeddedTcp : Targets.rocketmq(address)
const context = Layer.scoped(Run, run).pipe(Layer.provide(Cluster.layer("formats")), Layer.provide(target))

layer(context, { excludeTestServices: true, timeout: "3 minutes" })("formats", (it) => {
  for (const format of formats) {
    it.effect(`stored: ${format.name}`, () =>
      Effect.gen(function*() {
        const { sent, stored } = yield* Run
        for (const { message, msgId } of yield* sent(format)) {
          const found = stored.get(msgId)
          assert(found !== undefined, `${format.name}: the broker has ${msgId}`)
          const { sysFlag } = found
          assert.strictEqual(
            SysFlag.isCompressed(sysFlag) ? CompressionType.fromSysFlag(sysFlag) : undefined,
            format.stored
          )
          assert.strictEqual(sha256(found.body) === sha256(message.body), format.stored === undefined)
          assert.isAtLeast(found.storeTimestamp, dueTime(message, found.bornTimestamp))
          const isTransaction = SysFlag.transactionType(sysFlag) === SysFlag.TRANSACTION_COMMIT_TYPE
          assert.strictEqual(isTransaction, format.how === "transaction")
        }
      }))
  }
  for (const language of ["TypeScript", "Java", "Go"] as const) {
    const test = languages.includes(language) ? it.effect : it.effect.skip
    for (const format of formats) {
      test(`${language} reads: ${format.name}${caveat(language, format)}`, () =>
        Effect.gen(function*() {
          const { deliveries, sent, stored } = yield* Run
          const delivered = yield* deliveries(language)
          for (const one of yield* sent(format)) {
            const digests = delivered.get(one.msgId) ?? []
            assert.isAbove(digests.length, 0, `${one.msgId} did not come`)
            for (const digest of digests) {
              assert.deepStrictEqual(
                given(digest),
                expected(language, format, one, stored.get(one.msgId)!)
              )
            }
          }
        }))
    }
    test(`${language} reads nothing else, and nothing that was rolled back`, () =>
      Effect.gen(function*() {
        const { deliveries, rolledBack, sent } = yield* Run
        const known = new Set((yield* Effect.forEach(formats, sent)).flat().map(({ msgId }) => msgId))
        const delivered = Array.from((yield* deliveries(language)).keys())
        assert.deepStrictEqual(delivered.filter((msgId) => !known.has(msgId)), [])
        assert.notInclude(delivered, rolledBack.msgId)
      }))
  }
})
