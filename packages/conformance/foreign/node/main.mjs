// What npm's ali-ons does and sees on a cluster, case by case:
//
//   node main.mjs NAMESRV PREFIX CLIENTS [REGEX]
//
// The arguments and the lines of JSON are those of ../java/Main.java. ali-ons knows no batches, oneway sends, transactions,
// requests, orderly consumers or pulls.
import { createRequire } from "node:module"
import { setTimeout as sleep } from "node:timers/promises"

const { Consumer, Message, Producer } = createRequire(import.meta.url)("ali-ons")

const [nameSrv, prefix, clients, regex] = process.argv.slice(2)

const quiet = { debug() {}, error() {}, info() {}, warn() {} }
const shared = {
  nameSrv,
  httpclient: { request: () => Promise.reject(new Error("no HTTP here")) },
  logger: quiet,
  pollNameServerInteval: 1000,
  heartbeatBrokerInterval: 1000,
  rebalanceInterval: 1000,
  sendMsgTimeout: 30_000
}

const cases = []
/** The title is read from the sources, for the table. */
const add = (id, title, run) => cases.push({ id, run })

/** Properties whose values are chance, time or address: they are only there or not. */
const volatile = new Set(["UNIQ_KEY", "CONSUME_START_TIME", "ORIGIN_MESSAGE_ID", "REAL_QID"])

const plain = (text) => String(text).replaceAll(prefix, "P")

const need = (holds, claim) => {
  if (!holds) throw new Error(claim)
}

/** Waits for something that must come; how long does not matter. */
const until = async (what, holds) => {
  for (const end = Date.now() + 60_000; !await holds(); await sleep(100)) {
    need(Date.now() < end, `did not come: ${what}`)
  }
}

/** The client emits "error" for background events (a new group has no offset yet) that fail no send or delivery. */
const listen = (client) => client.on("error", () => {})

class Lab {
  observed = {}
  #ends = []
  #members = 0

  constructor(id) {
    this.id = id
    this.topic = `${prefix}-${id.replaceAll(".", "-")}`
    this.group = `${this.topic}-c`
  }

  /** Claims a fact. */
  saw(name, value) {
    this.observed[name] = value
  }

  async close() {
    for (const end of this.#ends.reverse()) await end().catch(() => {})
  }

  /** Sends to a topic, which the first message makes: four queues. */
  async send(body, changes = () => {}, topic = this.topic) {
    for (let attempt = 0;; attempt++) {
      const message = new Message(topic, null, body)
      delete message.properties.TAGS
      changes(message)
      try {
        return await sender.send(message)
      } catch (error) {
        // the client itself does not try again when a broker is busy for a moment
        if (!/broker busy/.test(error.message) || attempt === 20) throw error
        await sleep(200)
      }
    }
  }

  async sendAll(...bodies) {
    for (const body of bodies) await this.send(body)
  }

  /** A consumer on a client of its own; what it gets comes into the array. Its start fails when its heartbeat is late. */
  async consume(options) {
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#start(options)
      } catch (error) {
        if (!/no consumer for this group/.test(error.message) || attempt === 10) throw error
        await sleep(500)
      }
    }
  }

  async #start({ expression = "*", group = this.group, handler = () => {}, topic = this.topic, ...options } = {}) {
    const inbox = []
    const consumer = new Consumer({
      ...shared,
      instanceName: `${this.topic}-${++this.#members}`,
      consumerGroup: group,
      consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
      ...options
    })
    listen(consumer)
    this.#ends.push(() => consumer.close())
    consumer.subscribe(topic, expression, async (message) => {
      inbox.push({ ...message, tags: message.tags, keys: message.keys, properties: { ...message.properties } })
      await handler(message)
    })
    await consumer.ready()
    return { consumer, inbox }
  }

  /** All of a topic, by queue and offset. */
  async read(count, options) {
    const { inbox } = await this.consume(options)
    await arrived(inbox, count)
    return inbox.sort((a, b) => a.queueId - b.queueId || a.queueOffset - b.queueOffset)
  }
}

/** Waits for so many, and a moment longer for what must not come. */
const arrived = async (inbox, count) => {
  await until(`${count} messages, got ${inbox.length}`, () => inbox.length >= count)
  await sleep(300)
  return inbox
}

const texts = (messages) => messages.map(({ body }) => body.toString())
const sorted = (messages) => texts(messages).sort()
const numbers = (count) => Array.from({ length: count }, (_, i) => String(i))

const properties = (message) =>
  Object.fromEntries(
    Object.entries(message.properties)
      .filter(([name, value]) => value !== null && name !== "MIN_OFFSET" && name !== "MAX_OFFSET")
      .map(([name, value]) => [name, volatile.has(name) ? "*" : plain(value)])
      .sort(([a], [b]) => a < b ? -1 : 1)
  )

const described = ({ body, flag, reconsumeTimes, sysFlag, topic, ...message }) => {
  const text = body.toString()
  return {
    body: text.length > 100 ? `${text.length} ${text.slice(0, 20)}` : text,
    flag,
    reconsumeTimes,
    sysFlag,
    topic: plain(topic),
    properties: properties(message)
  }
}

// ---- producers

add("node.send.sync", "sends one by one: receipts, queues in turn, offsets", async (lab) => {
  const results = []
  for (const body of numbers(8)) results.push(await lab.send(body))
  const queues = {}
  for (const { messageQueue } of results) queues[messageQueue.queueId] = (queues[messageQueue.queueId] ?? 0) + 1
  lab.saw("queues", queues)
  lab.saw("offsets", results.map(({ queueOffset }) => queueOffset).sort())
  lab.saw("statuses", [...new Set(results.map(({ sendStatus }) => sendStatus))])
  lab.saw("addressed", results.every(({ msgId }) => /^[0-9A-F]{32}$/.test(msgId)))
  lab.saw("read", sorted(await lab.read(8)))
})

add("node.send.properties", "tags, keys, properties", async (lab) => {
  await lab.send("grün 🚀", (message) => {
    message.tags = "tag"
    message.keys = ["k1", "k2"]
    message.properties["größe"] = "日本語 👩‍🚀"
  })
  lab.saw("read", (await lab.read(1)).map(described))
})

add("node.send.zlib", "a body compressed by ZLIB", async (lab) => {
  await lab.send("compressible ".repeat(4000))
  const read = await lab.read(1)
  lab.saw("read", read.map(described))
  lab.saw("small", read[0].storeSize < 2000)
})

add("node.send.by-key", "sends by sharding key: each key to its queue, in order", async (lab) => {
  const queues = {}
  for (let i = 0; i < 12; i++) {
    // two of the keys whose queue is not the first: of those any queue would do
    const key = ["a", "d", "e"][i % 3]
    const { messageQueue } = await lab.send(`${key} ${i}`, (message) => message.shardingKey = key)
    queues[key] = [...new Set([...queues[key] ?? [], messageQueue.queueId])]
  }
  lab.saw("queues", queues)
  lab.saw("read", texts(await lab.read(12)))
})

add("node.send.namespace", "names in a namespace", async (lab) => {
  const producer = new Producer({
    ...shared,
    instanceName: lab.topic,
    namespace: `${prefix}-space`,
    producerGroup: "p"
  })
  listen(producer)
  await producer.ready()
  const { messageQueue } = await producer.send(new Message(lab.topic, "tag", "inside"))
  lab.saw("queue", plain(messageQueue.topic))
  lab.saw("read", (await lab.read(1, { topic: messageQueue.topic })).map(described))
})

add("node.delay.level", "delay level 1, a second", async (lab) => {
  await lab.send("later", (message) => message.delayTimeLevel = 1)
  const read = await lab.read(1)
  lab.saw("read", read.map(described))
  lab.saw("late", read[0].storeTimestamp - read[0].bornTimestamp >= 1000)
})

add("node.delay.ons", "a time of delivery as the cloud has it: any other broker delivers at once", async (lab) => {
  await lab.send("at once", (message) => message.setStartDeliverTime(4_000_000_000_000))
  lab.saw("read", (await lab.read(1)).map(described))
})

// ---- consumers

add("node.push.concurrent", "gets each message once", async (lab) => {
  await lab.sendAll(...numbers(20))
  const read = await lab.read(20)
  lab.saw("received", sorted(read))
  lab.saw("ids", new Set(read.map(({ msgId }) => msgId)).size)
  lab.saw("queues", new Set(read.map(({ queueId }) => queueId)).size)
})

add("node.push.parallel", "eight at a time", async (lab) => {
  await lab.sendAll(...numbers(20))
  const { inbox } = await lab.consume({ parallelConsumeLimit: 8 })
  lab.saw("received", sorted(await arrived(inbox, 20)))
})

add("node.push.live", "messages that are sent after the start", async (lab) => {
  await lab.send("first")
  const { inbox } = await lab.consume()
  await arrived(inbox, 1)
  await lab.sendAll(...numbers(8))
  lab.saw("received", sorted(await arrived(inbox, 9)))
})

add("node.push.two-groups", "each of two groups gets everything", async (lab) => {
  await lab.sendAll(...numbers(6))
  for (const name of ["1", "2"]) lab.saw(`group ${name}`, sorted(await lab.read(6, { group: lab.group + name })))
})

add("node.push.broadcast", "each of two broadcasting members gets everything", async (lab) => {
  await lab.send("before")
  const members = [await lab.consume({ isBroadcast: true }), await lab.consume({ isBroadcast: true })]
  for (const { inbox } of members) await arrived(inbox, 1)
  await lab.sendAll(...numbers(6))
  for (const [i, { inbox }] of members.entries()) lab.saw(`member ${i}`, sorted(await arrived(inbox, 7)))
})

add("node.filter.tags", "two tags of several", async (lab) => {
  for (const tag of ["a", "b", "c", "a", "A", "ab"]) await lab.send(tag, (message) => message.tags = tag)
  lab.saw("received", sorted(await lab.read(3, { expression: "a || b" })))
})

add("node.filter.sql", "SQL92", async (lab) => {
  for (const number of numbers(6)) await lab.send(number, (message) => message.properties.number = number)
  const expression = { expressionType: "SQL92", subString: "number BETWEEN 1 AND 2 OR number > 4" }
  lab.saw("received", sorted(await lab.read(3, { expression })))
})

add("node.retry.once", "a handler that throws: delivered again with its count", async (lab) => {
  await lab.send("fails", (message) => message.tags = "tag")
  const { inbox } = await lab.consume({
    handler: ({ reconsumeTimes }) => need(reconsumeTimes > 0, "as it is meant")
  })
  lab.saw("deliveries", (await arrived(inbox, 2)).map(described))
})

for (const where of ["FIRST_OFFSET", "LAST_OFFSET", "TIMESTAMP"]) {
  const start = where.split("_")[0].toLowerCase()
  const run = async (lab) => {
    // all in one queue: which of the others has nothing yet is chance
    const key = (message) => message.shardingKey = "a"
    for (const body of ["0", "1", "2"]) await lab.send(body, key)
    const { consumer, inbox } = await lab.consume({
      consumeFromWhere: `CONSUME_FROM_${where}`,
      consumeTimestamp: "20300101000000"
    })
    await until(
      "four queues",
      () => [...consumer.processQueueTable.keys()].filter((key) => key.includes(`"${lab.topic}"`)).length === 4
    )
    await lab.send("new", key)
    await until("the new message", () => texts(inbox).includes("new"))
    lab.saw("received", texts(await arrived(inbox, 1)))
  }
  if (start === "first") add("node.start.first", "a new group that starts at the first message", run)
  if (start === "last") add("node.start.last", "a new group that starts at the end", run)
  if (start === "timestamp") add("node.start.time", "a new group that starts at a time", run)
}

add("node.start.again", "a group goes on where it stopped", async (lab) => {
  await lab.sendAll("0", "1", "2")
  const { consumer, inbox } = await lab.consume()
  lab.saw("first", sorted(await arrived(inbox, 3)))
  await consumer.close()
  await lab.sendAll("3", "4")
  lab.saw("second", sorted(await lab.read(2)))
})

add("node.members.two", "two members share four queues", async (lab) => {
  await lab.send("makes the topic")
  const members = [await lab.consume(), await lab.consume()]
  const queues = ({ consumer }) =>
    [...consumer.processQueueTable.keys()].filter((key) => key.includes(`"${lab.topic}"`))
  await until("two queues each", () => members.every((member) => queues(member).length === 2))
  const before = members.map(({ inbox }) => inbox.length)
  need(before[0] + before[1] <= 2, "hardly a message before")
  lab.saw("apart", new Set(members.flatMap(queues)).size)
  await lab.sendAll(...numbers(8))
  await until("all", () => new Set(members.flatMap(({ inbox }) => texts(inbox))).size === 9)
  lab.saw("received", [...new Set(members.flatMap(({ inbox }) => texts(inbox)))].sort())
})

// ---- with the clients of other languages; see ../java/Crossing.java

add("node.cross.write", "writes for the other clients", async (lab) => {
  for (let i = 0; i < 6; i++) {
    const body = i === 5 ? "compressible ".repeat(1000) : `node grün 🚀 ${i}`
    const { sendStatus } = await lab.send(body, (message) => {
      message.tags = i % 2 === 0 ? "even" : "odd"
      message.keys = [`k${i}`]
      message.properties.number = String(i)
      message.properties["größe"] = "日本語"
    }, `${prefix}-cross-node`)
    lab.saw(String(i), sendStatus)
  }
})

const readOf = (language) => async (lab) => {
  const { inbox } = await lab.consume({ topic: `${prefix}-cross-${language}` })
  await arrived(inbox, 6)
  inbox.sort((a, b) => a.properties.number < b.properties.number ? -1 : 1)
  lab.saw("read", inbox.map(described))
}
const others = clients.split(",")
if (others.includes("java")) add("node.cross.java", "reads what Java has written", readOf("java"))
if (others.includes("go")) add("node.cross.go", "reads what Go has written", readOf("go"))

// what the client loses track of must not end the program
process.on("unhandledRejection", (error) => process.stderr.write(`${error?.stack ?? error}\n`))

const sender = new Producer({ ...shared, instanceName: `${prefix}-node`, producerGroup: `${prefix}-node-p` })
listen(sender)
await sender.ready()
const wanted = new RegExp(`^(${regex ?? ".*"})$`)
const waiting = cases.filter(({ id }) => wanted.test(id))
const work = async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { id, run } = next
    const lab = new Lab(id)
    const line = { id, ok: true }
    try {
      await run(lab)
    } catch (error) {
      line.ok = false
      line.why = error.message
      process.stderr.write(`${id} ${error.stack}\n`)
    }
    line.observed = lab.observed
    process.stdout.write(`${JSON.stringify(line)}\n`)
    await lab.close()
  }
}
await Promise.all(Array.from({ length: 16 }, work))
process.exit(0)
