/**
 * `npm run broker -- --store DIR` is killed with -9 at random moments, again and again, while a client sends and commits.
 * `KILLS` says how often; `FLUSH=sync` has it flush before it answers.
 */
import * as Frame from "@effect-rocketmq/protocol/Frame"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Random } from "effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"

const kills = Number(process.env["KILLS"] ?? 10)
const flush = process.env["FLUSH"] ?? "async"
const bundler = new URL("../../../scripts/lib/bundle.mjs", import.meta.url).href

const TOPIC = "kills"
const GROUP = "killed"
const QUEUES = 4
/** Calls that wait for an answer at the same time. */
const IN_FLIGHT = 24

const bytes = (text: string) => new TextEncoder().encode(text)

/** A name server's port whose broker's port is free, too. */
const freePort = Effect.async<number, Error>((resume) => {
  const attempt = (left: number) => {
    const first = Net.createServer()
    first.listen(0, "127.0.0.1", () => {
      const address = first.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const second = Net.createServer()
      second.once(
        "error",
        () => first.close(() => left > 0 ? attempt(left - 1) : resume(Effect.fail(new Error("no port"))))
      )
      second.listen(port + 1035, "127.0.0.1", () => second.close(() => first.close(() => resume(Effect.succeed(port)))))
    })
  }
  attempt(20)
})

/** A broker as a process of its own, ready. */
const startBroker = (program: string, port: number, directory: string) =>
  Effect.async<ChildProcess.ChildProcess, Error>((resume) => {
    const child = ChildProcess.spawn(
      process.execPath,
      [program, "--port", String(port), "--store", directory, "--flush", flush, "--queues", String(QUEUES)],
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    let said = ""
    const onText = (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes("ROCKETMQ_NAMESRV_ADDR=")) resume(Effect.succeed(child))
    }
    child.stdout.on("data", onText)
    child.stderr.on("data", onText)
    child.on("exit", (code) => resume(Effect.fail(new Error(`the broker ended with ${code}: ${said}`))))
  })

const end = (child: ChildProcess.ChildProcess, signal: NodeJS.Signals) =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill(signal)
  })

/** Calls over one connection; each gets undefined when the connection ends before its answer. */
interface Client {
  readonly call: (
    code: number,
    extFields?: Record<string, string>,
    body?: Uint8Array
  ) => Promise<RemotingCommand | undefined>
  readonly isOpen: () => boolean
  readonly close: () => void
}

const connect = (port: number) =>
  Effect.async<Client, Error>((resume) => {
    const socket = Net.connect({ port, host: "127.0.0.1", noDelay: true })
    const decoder = Frame.makeDecoder()
    const waiting = new Map<number, (answer: RemotingCommand | undefined) => void>()
    let opaque = 0
    let open = true
    socket.on("data", (chunk) => {
      decoder.push(new Uint8Array(chunk), (answer) => {
        waiting.get(answer.opaque)?.(answer)
        waiting.delete(answer.opaque)
      })
    })
    socket.on("error", (error) => resume(Effect.fail(error)))
    socket.on("close", () => {
      open = false
      for (const settle of waiting.values()) settle(undefined)
      waiting.clear()
    })
    socket.on("connect", () =>
      resume(Effect.succeed({
        call: (code, extFields, body) =>
          new Promise((settle) => {
            if (!open) return settle(undefined)
            const id = opaque++
            waiting.set(id, settle)
            socket.write(Remoting.encode(Remoting.make({ code, extFields, body, opaque: id })))
          }),
        isOpen: () => open,
        close: () => socket.destroy()
      })))
  })

/** What the client knows of the whole run. */
class Ledger {
  private next = 0
  /** Bodies that were acknowledged; of some it is known where they are. */
  readonly acknowledged = new Map<string, string | undefined>()
  readonly attempted = new Set<string>()
  /** By queue: the highest offset whose commit was acknowledged, and the highest that was tried. */
  readonly committed = new Map<number, number>()
  readonly tried = new Map<number, number>()

  body(): string {
    const body = `m${this.next++}`
    this.attempted.add(body)
    return body
  }
}

const isOk = (answer: RemotingCommand | undefined): answer is RemotingCommand => {
  if (answer !== undefined) assert.strictEqual(answer.code, ResponseCode.SUCCESS, answer.remark)
  return answer !== undefined
}

const sendFields = (queueId: number, properties: Record<string, string>, isBatch = false) => ({
  a: "PG",
  b: TOPIC,
  c: "TBW102",
  d: String(QUEUES),
  e: String(queueId),
  f: properties["TRAN_MSG"] === "true" ? "4" : "0",
  g: "1700000000000",
  h: "0",
  i: Either.getOrThrow(MessageProperties.encode(properties)),
  j: "0",
  k: "false",
  m: String(isBatch)
})

const single = async (client: Client, ledger: Ledger, queueId: number) => {
  const body = ledger.body()
  const answer = await client.call(RequestCode.SEND_MESSAGE_V2, sendFields(queueId, {}), bytes(body))
  if (!isOk(answer)) return
  const offset = Number(answer.extFields["queueOffset"])
  ledger.acknowledged.set(body, `${queueId}/${offset}`)
  const target = Math.max(offset + 1, ledger.tried.get(queueId) ?? 0)
  ledger.tried.set(queueId, target)
  const commit = await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
    consumerGroup: GROUP,
    topic: TOPIC,
    queueId: String(queueId),
    commitOffset: String(target)
  })
  if (isOk(commit)) ledger.committed.set(queueId, Math.max(target, ledger.committed.get(queueId) ?? 0))
}

const batch = async (client: Client, ledger: Ledger, queueId: number) => {
  const bodies = [ledger.body(), ledger.body(), ledger.body()]
  const encoded = MessageBatch.encode(bodies.map((body) => Message.make({ topic: TOPIC, body })))
  const answer = await client.call(
    RequestCode.SEND_BATCH_MESSAGE,
    sendFields(queueId, {}, true),
    Either.getOrThrow(encoded)
  )
  if (isOk(answer)) { for (const body of bodies) ledger.acknowledged.set(body, undefined) }
}

const delayed = async (client: Client, ledger: Ledger, queueId: number) => {
  const body = ledger.body()
  if (isOk(await client.call(RequestCode.SEND_MESSAGE_V2, sendFields(queueId, { DELAY: "1" }), bytes(body)))) {
    ledger.acknowledged.set(body, undefined)
  }
}

const transactional = async (client: Client, ledger: Ledger, queueId: number) => {
  const body = ledger.body()
  const properties = { TRAN_MSG: "true", PGROUP: "PG", UNIQ_KEY: body }
  const half = await client.call(RequestCode.SEND_MESSAGE_V2, sendFields(queueId, properties), bytes(body))
  if (!isOk(half)) return
  const commit = await client.call(RequestCode.END_TRANSACTION, {
    producerGroup: "PG",
    tranStateTableOffset: half.extFields["queueOffset"]!,
    commitLogOffset: String(parseInt(half.extFields["msgId"]!.slice(-16), 16)),
    commitOrRollback: "8",
    fromTransactionCheck: "false",
    msgId: body
  })
  if (isOk(commit)) ledger.acknowledged.set(body, undefined)
}

const kinds = [single, single, single, batch, delayed, transactional]

/** Sends and commits until the connection ends. */
const work = async (client: Client, ledger: Ledger, worker: number) => {
  for (let i = worker; client.isOpen(); i++) await kinds[i % kinds.length]!(client, ledger, i % QUEUES)
}

const ask = (client: Client, code: number, queueId: number) =>
  Effect.map(
    Effect.promise(() =>
      client.call(code, {
        consumerGroup: GROUP,
        topic: TOPIC,
        queueId: String(queueId),
        setZeroIfNotFound: "false"
      })
    ),
    (answer) => answer?.code === ResponseCode.SUCCESS ? Number(answer.extFields["offset"]) : undefined
  )

/** Committed offsets never went back, and never point behind the messages. */
const checkOffsets = (client: Client, ledger: Ledger) =>
  Effect.forEach(Array.from({ length: QUEUES }, (_, queueId) => queueId), (queueId) =>
    Effect.gen(function*() {
      const offset = yield* ask(client, RequestCode.QUERY_CONSUMER_OFFSET, queueId)
      const max = yield* ask(client, RequestCode.GET_MAX_OFFSET, queueId)
      const acknowledged = ledger.committed.get(queueId)
      if (acknowledged !== undefined) assert.isAtLeast(offset ?? -1, acknowledged, `queue ${queueId} went back`)
      if (offset !== undefined) assert.isAtMost(offset, max ?? 0, `queue ${queueId} is committed beyond its end`)
    }))

/** Every message of the topic, with where it is. */
const readAll = (client: Client) =>
  Effect.gen(function*() {
    const found: Array<readonly [body: string, place: string]> = []
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const max = (yield* ask(client, RequestCode.GET_MAX_OFFSET, queueId)) ?? 0
      for (let offset = 0; offset < max;) {
        const answer = yield* Effect.promise(() =>
          client.call(RequestCode.PULL_MESSAGE, {
            consumerGroup: GROUP,
            topic: TOPIC,
            queueId: String(queueId),
            queueOffset: String(offset),
            maxMsgNums: "32",
            sysFlag: "4",
            commitOffset: "0",
            suspendTimeoutMillis: "0",
            subscription: "*",
            subVersion: "0",
            expressionType: "TAG"
          })
        )
        assert.strictEqual(answer?.code, ResponseCode.SUCCESS)
        const { messages, undecodable } = MessageExt.decodeAll(answer!.body!)
        assert.strictEqual(undecodable.length, 0)
        for (const message of messages) {
          assert.strictEqual(message.queueOffset, BigInt(offset++))
          found.push([MessageExt.text(message), `${queueId}/${message.queueOffset}`])
        }
      }
    }
    return found
  })

describe(`a broker with files that is killed ${kills} times`, () => {
  it.scopedLive(
    "has everything that it acknowledged exactly once, and no offset that went back or points to nothing",
    () =>
      Effect.gen(function*() {
        const { bundle } = yield* Effect.promise(() => import(/* @vite-ignore */ bundler))
        const program = yield* Effect.promise<string>(() => bundle("broker"))
        const directory = yield* Effect.acquireRelease(
          Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "broker-"))),
          (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
        )
        const port = yield* freePort
        const ledger = new Ledger()
        const start = Effect.acquireRelease(startBroker(program, port, directory), (child) => end(child, "SIGKILL"))
        const client = Effect.acquireRelease(connect(port + 1035), (client) => Effect.sync(client.close))

        for (let kill = 0; kill < kills; kill++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const child = yield* start
            const connection = yield* client
            if (kill === 0) {
              const group = bytes(JSON.stringify({ groupName: GROUP }))
              yield* Effect.promise(() => connection.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, group))
            }
            yield* checkOffsets(connection, ledger)
            const workers = Promise.all(
              Array.from({ length: IN_FLIGHT }, (_, worker) => work(connection, ledger, worker))
            )
            yield* Effect.sleep(yield* Random.nextIntBetween(5, 400))
            yield* end(child, "SIGKILL")
            yield* Effect.promise(() => workers)
          }))
        }

        yield* start
        const connection = yield* client
        yield* checkOffsets(connection, ledger)
        // what is delayed by a second has its time
        yield* Effect.sleep("1500 millis")
        const found = yield* readAll(connection)
        const places = new Map(found)
        assert.strictEqual(places.size, found.length, "a message is there twice")
        for (const [body, place] of ledger.acknowledged) {
          assert.isTrue(places.has(body), `${body} was acknowledged and is gone`)
          if (place !== undefined) assert.strictEqual(places.get(body), place)
        }
        for (const body of places.keys()) assert.isTrue(ledger.attempted.has(body), `nobody sent ${body}`)
        assert.isAbove(ledger.acknowledged.size, kills)
        assert.isAbove(ledger.committed.size, 0)
        yield* Effect.logInfo(
          `${kills} kills, flush ${flush}: ${ledger.attempted.size} sent, ${ledger.acknowledged.size} acknowledged, ` +
            `${found.length} there`
        )
      }),
    30_000 + kills * 8000
  )
})
