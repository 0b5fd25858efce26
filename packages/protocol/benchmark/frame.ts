// What the wire costs: run with `npx tsx packages/protocol/benchmark/frame.ts`.
import * as Frame from "../src/Frame.js"
import * as RemotingCommand from "../src/RemotingCommand.js"
import * as RequestHeader from "../src/RequestHeader.js"
import * as ResponseHeader from "../src/ResponseHeader.js"

/** Nanoseconds of CPU of each call, garbage collection included: the second best of nine rounds, after warming up. */
const measure = (name: string, batch: number, run: () => void): void => {
  const repeats = batch === 1 ? 1 : 64
  const round = (): number => {
    const end = process.hrtime.bigint() + 100_000_000n
    const before = process.cpuUsage()
    let count = 0
    while (process.hrtime.bigint() < end) {
      for (let i = 0; i < repeats; i++) run()
      count += repeats * batch
    }
    const { system, user } = process.cpuUsage(before)
    return (user + system) * 1000 / count
  }
  round()
  round()
  const rounds = Array.from({ length: 9 }, round).sort((a, b) => a - b)
  console.log(`${name.padEnd(52)} ${rounds[1]!.toFixed(0).padStart(6)} ns`)
}

const text = new TextEncoder()
const frameOf = (header: string, body?: Uint8Array): Uint8Array => {
  const head = text.encode(header)
  const out = new Uint8Array(8 + head.length + (body?.length ?? 0))
  const view = new DataView(out.buffer)
  view.setUint32(0, out.length - 4)
  view.setUint32(4, head.length)
  out.set(head, 8)
  if (body !== undefined) out.set(body, 8 + head.length)
  return out
}

const repeat = (frame: Uint8Array, count: number): Uint8Array => {
  const out = new Uint8Array(frame.length * count)
  for (let i = 0; i < count; i++) out.set(frame, i * frame.length)
  return out
}

let sink = 0
const body = new Uint8Array(1024).fill(120)
const properties =
  "UNIQ_KEY\u00017F00000104D218B4AAC200000000000A\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002KEYS\u0001k1\u0002"
const send = (queueId: number) =>
  RequestHeader.SendMessageV2.make({
    producerGroup: "checkout",
    topic: "orders",
    defaultTopic: "TBW102",
    defaultTopicQueueNums: 4,
    queueId,
    sysFlag: 0,
    bornTimestamp: 1700000000000 + queueId,
    flag: 0,
    properties,
    reconsumeTimes: 0,
    unitMode: false,
    batch: false,
    bname: "broker-a"
  }, body)

for (const serializeType of [1, 0] as const) {
  const name = serializeType === 1 ? "binary" : "JSON"
  const writer = new Frame.Writer()
  const commands = Array.from({ length: 16 }, (_, i) => {
    const { code, extFields } = send(i)
    return RemotingCommand.make({ code, extFields, body, opaque: i * 1000, serializeType })
  })
  measure(`encode SEND_MESSAGE_V2 + 1 KiB, ${name}`, 16, () => {
    for (const command of commands) writer.write(command)
    sink += writer.take()!.length
  })
  const frames = new Frame.Writer()
  for (const command of commands) frames.write(command)
  const bytes = frames.take()!
  const decoder = Frame.makeDecoder()
  measure(`decode SEND_MESSAGE_V2 + 1 KiB, ${name}, 3 fields`, 16, () => {
    decoder.push(bytes, (command) => {
      sink += command.opaque + command.extFields["b"]!.length + command.extFields["e"]!.length +
        command.extFields["i"]!.length
    })
  })
}

measure("SendMessageV2.make", 16, () => {
  for (let i = 0; i < 16; i++) sink += send(i).code
})

const response = repeat(
  frameOf(
    "{\"code\":0,\"extFields\":{\"queueId\":\"0\",\"transactionId\":\"7F00000100012A2B3C4D00000AB10001\",\"msgId\":" +
      "\"7F00000100002A9F000000012937B942\",\"TRACE_ON\":\"true\",\"MSG_REGION\":\"DefaultRegion\",\"queueOffset\":\"0\"}," +
      "\"flag\":1,\"language\":\"JAVA\",\"opaque\":21,\"serializeTypeCurrentRPC\":\"JSON\",\"version\":513}"
  ),
  32
)
const decoder = Frame.makeDecoder()
measure("decode Java's send answer (JSON), code and opaque", 32, () => {
  decoder.push(response, (command) => {
    sink += command.code + command.opaque
  })
})
measure("decode Java's send answer (JSON), 3 fields", 32, () => {
  decoder.push(response, (command) => {
    const ext = command.extFields
    sink += command.opaque + ext["msgId"]!.length + ext["queueId"]!.length + ext["queueOffset"]!.length
  })
})
measure("decode Java's send answer (JSON), typed header", 32, () => {
  decoder.push(response, (command) => {
    sink += ResponseHeader.SendMessage.decode(command.extFields)._tag.length
  })
})
const decodeText = new TextDecoder()
measure("the same by TextDecoder and JSON.parse at once", 32, () => {
  for (let at = 0; at < response.length;) {
    const length = response[at + 2]! << 8 | response[at + 3]!
    const header = JSON.parse(decodeText.decode(response.subarray(at + 8, at + 4 + length))) as any
    const ext = header.extFields
    sink += header.opaque + ext["msgId"].length + ext["queueId"].length + ext["queueOffset"].length
    at += 4 + length
  }
})

const large = frameOf("{\"code\":0,\"flag\":1,\"opaque\":1}", new Uint8Array(32_000_000))
measure("decode a 32 MB frame in 64 KiB chunks", 1, () => {
  const decoder = Frame.makeDecoder()
  for (let at = 0; at < large.length; at += 65536) {
    decoder.push(large.subarray(at, at + 65536), (command) => {
      sink += command.body!.length
    })
  }
})
const bytewise = Frame.makeDecoder()
measure("decode Java's send answer byte by byte", 32, () => {
  for (let at = 0; at < response.length; at++) {
    bytewise.push(response.subarray(at, at + 1), (command) => {
      sink += command.opaque
    })
  }
})
console.log(sink > 0 ? "" : "nothing decoded")
