import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Frame from "../src/Frame.js"
import * as LanguageCode from "../src/LanguageCode.js"
import type { ProtocolError } from "../src/ProtocolError.js"
import { isProtocolError } from "../src/ProtocolError.js"
import * as RemotingCommand from "../src/RemotingCommand.js"
import { bytesOf, frames, hexOf } from "./vectors.js"

const text = new TextEncoder()

const decodeAll = (chunks: Iterable<Uint8Array>, options?: Parameters<typeof Frame.makeDecoder>[0]) => {
  const commands: Array<RemotingCommand.RemotingCommand> = []
  const decoder = Frame.makeDecoder(options)
  let error: ProtocolError | undefined
  for (const chunk of chunks) error = decoder.push(chunk, (command) => commands.push(command))
  return { commands, error }
}

const decodeOne = (bytes: Uint8Array): RemotingCommand.RemotingCommand => {
  const { commands, error } = decodeAll([bytes])
  assert.strictEqual(error, undefined)
  assert.strictEqual(commands.length, 1)
  return commands[0]!
}

const split = (bytes: Uint8Array, cuts: ReadonlyArray<number>): Array<Uint8Array> => {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return at.slice(1).map((end, i) => bytes.slice(at[i]!, end))
}

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const frameOf = (type: number, header: string | Uint8Array, body: string = ""): Uint8Array => {
  const head = typeof header === "string" ? text.encode(header) : header
  const tail = text.encode(body)
  const out = new Uint8Array(8 + head.length + tail.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, 4 + head.length + tail.length)
  view.setUint32(4, (type << 24 | head.length) >>> 0)
  out.set(head, 8)
  out.set(tail, 8 + head.length)
  return out
}

const view = (command: RemotingCommand.RemotingCommand) => ({
  code: command.code,
  language: command.language,
  version: command.version,
  opaque: command.opaque,
  flag: command.flag,
  remark: command.remark,
  extFields: Object.fromEntries(Object.entries(command.extFields)),
  body: command.body === undefined ? undefined : hexOf(command.body),
  serializeType: command.serializeType
})

describe("Frame", () => {
  describe("golden frames", () => {
    for (const vector of frames) {
      const { decoded } = vector
      const { header } = decoded
      const expected = {
        code: header.code,
        language: typeof header.language === "number" ? header.language : LanguageCode.lenient(header.language),
        version: header.version,
        opaque: header.opaque,
        flag: header.flag,
        remark: decoded.serializeType === 1 && header.remark === "" ? undefined : header.remark,
        extFields: header.extFields ?? {},
        body: decoded.bodyHex ?? (decoded.bodyText === undefined ? undefined : hexOf(text.encode(decoded.bodyText))),
        serializeType: decoded.serializeType
      }
      it(vector.name, () => {
        const command = decodeOne(bytesOf(vector.hex))
        assert.deepStrictEqual(view(command), expected)
        assert.deepStrictEqual(view(decodeOne(RemotingCommand.encode(command))), expected)
        // the other serialization says the same
        const other = RemotingCommand.make({ ...view(command), body: command.body, serializeType: 1 })
        assert.deepStrictEqual(view(decodeOne(RemotingCommand.encode(other))), { ...expected, serializeType: 1 })
      })
    }
    it("give their fields as bytes, to be read later", () => {
      let read = 0
      for (const { hex, name } of frames) {
        const command = decodeOne(bytesOf(hex))
        const bytes = RemotingCommand.extFieldBytes(command)
        // a header of unusual form is read at once
        if (bytes === undefined) continue
        if (bytes.length > 2) read++
        assert.deepStrictEqual(
          { ...RemotingCommand.extFieldsOf(bytes.slice(), command.serializeType) },
          { ...command.extFields },
          name
        )
      }
      assert.isAbove(read, 10)
      assert.strictEqual(RemotingCommand.extFieldBytes(RemotingCommand.make({ code: 1 })), undefined)
    })
    it("all at once, byte by byte", () => {
      const bytes = concat(frames.map((vector) => bytesOf(vector.hex)))
      const whole = decodeAll([bytes])
      const bytewise = decodeAll(split(bytes, Array.from(bytes, (_, i) => i)))
      assert.strictEqual(whole.commands.length, frames.length)
      assert.deepStrictEqual(bytewise.commands.map(view), whole.commands.map(view))
      assert.strictEqual(bytewise.error, undefined)
    })
  })

  const anyText = FastCheck.oneof(
    FastCheck.string(),
    FastCheck.string({ unit: "binary" }),
    FastCheck.constantFrom(
      "",
      "__proto__",
      "constructor",
      "queueId",
      "\u0001\u0002\n\"\\",
      "\ud800",
      "标签😀",
      "x".repeat(300)
    )
  )
  const int32 = FastCheck.integer({ min: -0x80000000, max: 0x7fffffff })
  const commands = FastCheck.record({
    code: FastCheck.oneof(int32, FastCheck.integer({ min: 0, max: 400 })),
    language: FastCheck.integer({ min: 0, max: 13 }),
    version: FastCheck.integer({ min: 0, max: 0x7fff }),
    opaque: int32,
    flag: FastCheck.integer({ min: 0, max: 3 }),
    remark: FastCheck.option(anyText, { nil: undefined }),
    extFields: FastCheck.array(FastCheck.tuple(anyText, anyText), { maxLength: 8 }).map((pairs) =>
      Object.fromEntries(pairs)
    ),
    body: FastCheck.option(FastCheck.uint8Array({ maxLength: 40 }), { nil: undefined }),
    serializeType: FastCheck.constantFrom(0 as const, 1 as const)
  })
  const wellFormed = (value: string): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(text.encode(value))

  describe("round trip", () => {
    it.prop("any command, any split", [
      FastCheck.array(commands, { minLength: 1, maxLength: 4 }),
      FastCheck.array(FastCheck.nat(2000), { maxLength: 6 })
    ], ([values, cuts]) => {
      const sent = values.map((value) => RemotingCommand.make(value))
      const bytes = concat(sent.map(RemotingCommand.encode))
      const { commands, error } = decodeAll(split(bytes, cuts))
      assert.strictEqual(error, undefined)
      assert.deepStrictEqual(
        commands.map(view),
        sent.map((command) => {
          const binary = command.serializeType === 1 && command.code <= 0x7fff && command.code >= -0x8000
          const remark = command.remark === undefined ? undefined : wellFormed(command.remark)
          return view({
            ...command,
            serializeType: binary ? 1 : 0,
            remark: binary && remark === "" ? undefined : remark,
            extFields: Object.fromEntries(
              Object.entries(command.extFields).map(([key, value]) => [wellFormed(key), wellFormed(value)])
            )
          })
        })
      )
    })

    it("codes above 32767 always go as JSON", () => {
      const command = decodeOne(RemotingCommand.encode(RemotingCommand.make({ code: 200050, serializeType: 1 })))
      assert.strictEqual(command.code, 200050)
      assert.strictEqual(command.serializeType, 0)
    })

    it("names of fields that 16 bits cannot measure go as JSON", () => {
      const extFields = { ["n".repeat(40_000)]: "v" }
      const command = decodeOne(RemotingCommand.encode(RemotingCommand.make({ code: 10, extFields, serializeType: 1 })))
      assert.deepStrictEqual({ ...command.extFields }, extFields)
    })
  })

  describe("hostile bytes", () => {
    const survives = (chunks: Array<Uint8Array>): void => {
      const decoder = Frame.makeDecoder({ maxFrameSize: 100_000 })
      let failure: ProtocolError | undefined
      for (const chunk of chunks) {
        const error = decoder.push(chunk, (command) => {
          assert.strictEqual(failure, undefined)
          assert.isTrue(Number.isInteger(command.code) && Number.isInteger(command.opaque))
          for (const value of Object.values(command.extFields)) assert.isString(value)
          assert.isTrue(command.remark === undefined || typeof command.remark === "string")
        })
        assert.isTrue(error === undefined || (isProtocolError(error) && error.message.length > 0))
        if (failure !== undefined) assert.strictEqual(error, failure)
        failure = error
      }
    }
    it.prop("random", [FastCheck.array(FastCheck.uint8Array({ maxLength: 64 }))], ([chunks]) => survives(chunks))
    it.prop(
      "mutated frames",
      [
        FastCheck.array(FastCheck.constantFrom(...frames), { minLength: 1, maxLength: 3 }),
        FastCheck.array(FastCheck.tuple(FastCheck.nat(1000), FastCheck.nat(255)), { minLength: 1, maxLength: 6 }),
        FastCheck.array(FastCheck.nat(2000), { maxLength: 4 })
      ],
      ([vectors, changes, cuts]) => {
        const bytes = concat(vectors.map((vector) => bytesOf(vector.hex)))
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        survives(split(bytes, cuts))
      },
      { fastCheck: { numRuns: 2000 } }
    )
    it.prop(
      "headers of mutated JSON",
      [FastCheck.json(), FastCheck.nat(40), FastCheck.constantFrom("{", "}", "\"", "\\", ",", ":", "[", "\0", "9")],
      ([json, at, c]) => {
        const header = `{"code":1,"extFields":{"a":${json}},"flag":1,"language":"JAVA","opaque":2,` +
          "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":513}"
        survives([frameOf(0, header), frameOf(0, header.slice(0, at) + c + header.slice(at))])
      }
    )
  })

  describe("limits", () => {
    const header = (hex: string, options?: Parameters<typeof Frame.makeDecoder>[0]) =>
      decodeAll([bytesOf(hex)], options).error
    it("too large a frame is known from its first four bytes", () => {
      const error = header("02000000")
      assert.strictEqual(error?._tag, "FrameTooLargeError")
      assert.strictEqual(error?._tag === "FrameTooLargeError" ? error.size : 0, 0x2000004)
      assert.strictEqual(header("01fffffc"), undefined)
      assert.strictEqual(header("00000065", { maxFrameSize: 104 })?._tag, "FrameTooLargeError")
      assert.strictEqual(header("00000064", { maxFrameSize: 104 }), undefined)
    })
    it("too large a header", () => {
      assert.strictEqual(header("0002000000010001")?._tag, "HeaderTooLargeError")
      assert.strictEqual(header("0002000000010000"), undefined)
    })
    it("what cannot be a frame", () => {
      for (
        const hex of ["00000003", "ffffffff", "80000000", "0000000402000000", "0000000a00000007", "0000000400000000"]
      ) {
        assert.strictEqual(header(hex)?._tag, "MalformedFrameError", hex)
      }
    })
    it("what cannot be a header", () => {
      const bad: ReadonlyArray<Uint8Array> = [
        frameOf(0, "{}"),
        frameOf(0, "[1]"),
        frameOf(0, "{\"code\":1.5,\"flag\":0,\"opaque\":1}"),
        frameOf(0, "{\"code\":3000000000,\"flag\":0,\"opaque\":1}"),
        frameOf(0, `{"code":1,"flag":0,"opaque":1,"x":${"[".repeat(70)}${"]".repeat(70)},}`),
        frameOf(1, new Uint8Array(20)),
        frameOf(1, bytesOf("000a0d0201000000010000000000000005" + "00000000")),
        frameOf(1, bytesOf("000a0d0201000000010000000000000000" + "00000004" + "00016100")),
        frameOf(1, bytesOf("000a0d0201000000010000000000000000" + "00000007" + "0001610000ffff")),
        frameOf(1, bytesOf("000a0d0201000000010000000000000000" + "ffffffff"))
      ]
      for (const bytes of bad) assert.strictEqual(decodeAll([bytes]).error?._tag, "MalformedFrameError", hexOf(bytes))
    })
    it("a failed decoder stays failed", () => {
      const decoder = Frame.makeDecoder()
      const error = decoder.push(bytesOf("ffffffff"), () => assert.fail("no command"))
      assert.isDefined(error)
      assert.strictEqual(decoder.push(bytesOf(frames[0]!.hex), () => assert.fail("no command")), error)
    })
  })

  describe("hints", () => {
    const hint = (first: string | Uint8Array): string | undefined => {
      const bytes = typeof first === "string" ? text.encode(first) : first
      for (const chunks of [[bytes], split(bytes, [1, 2, 3, 5])]) {
        const { error } = decodeAll(chunks)
        if (error?._tag !== "FrameTooLargeError" && error?._tag !== "MalformedFrameError") {
          assert.fail(`no error for ${first}`)
        }
        if (error.hint !== undefined) assert.include(error.message, error.hint)
      }
      const { error } = decodeAll([bytes])
      return error !== undefined && "hint" in error ? error.hint : undefined
    }
    it("say what the peer seems to be", () => {
      assert.include(hint("GET / HTTP/1.1\r\n"), "HTTP client")
      assert.include(hint("POST /x HTTP/1.1\r\n"), "HTTP client")
      assert.include(hint("HTTP/1.1 400 Bad Request\r\n"), "looks like an HTTP server")
      assert.include(hint("HTTP/1.1 400 Bad Request\r\n"), "10911")
      assert.include(hint("PRI * HTTP/2.0\r\n\r\n"), "gRPC")
      assert.include(hint(bytesOf("000012040000000000000300000064")), "gRPC server")
      assert.include(hint(bytesOf("000000040000000000")), "gRPC server")
      assert.include(hint(bytesOf("15030300020228")), "TLS alert")
      assert.include(hint(bytesOf("1603010200010001fc0303")), "TLS handshake")
      assert.include(hint("SSH-2.0-OpenSSH_9.6\r\n"), "SSH")
      for (const reply of ["+OK\r\n", "-ERR unknown command", "$5\r\nhello", "*1\r\n"]) {
        assert.include(hint(reply), "Redis")
      }
    })
    it("are silent when the bytes tell nothing, or came after a good frame", () => {
      assert.strictEqual(hint(bytesOf("7fffffff")), undefined)
      const { error } = decodeAll([bytesOf(frames[0]!.hex), text.encode("HTTP/1.1 400 Bad Request")])
      assert.strictEqual(error?._tag, "FrameTooLargeError")
      assert.isTrue(error?._tag === "FrameTooLargeError" && error.hint === undefined)
    })
  })

  describe("views and memory", () => {
    it("bodies are views of the chunk", () => {
      const bytes = frameOf(0, "{\"code\":0,\"flag\":1,\"opaque\":1}", "hello")
      const { body } = decodeOne(bytes)
      assert.strictEqual(body?.buffer, bytes.buffer)
      assert.strictEqual(body?.byteOffset, bytes.length - 5)
    })
    it("bodies are plain, whatever the chunk is", () => {
      const { body } = decodeOne(Buffer.from(frameOf(0, "{\"code\":0,\"flag\":1,\"opaque\":1}", "hello")))
      assert.strictEqual(body?.constructor, Uint8Array)
    })
    it("a 32 MiB frame arrives in chunks of 64 KiB", () => {
      const header = text.encode("{\"code\":0,\"flag\":1,\"opaque\":1}")
      const bytes = new Uint8Array(33_554_432)
      bytes.set(bytesOf("01fffffc000000" + header.length.toString(16)))
      bytes.set(header, 8)
      bytes[33_554_431] = 7
      const decoder = Frame.makeDecoder()
      const bodies: Array<Uint8Array | undefined> = []
      for (let at = 0; at < bytes.length; at += 65_536) {
        assert.strictEqual(decoder.push(bytes.subarray(at, at + 65_536), ({ body }) => bodies.push(body)), undefined)
      }
      assert.deepStrictEqual(bodies.map((body) => [body?.length, body?.[body.length - 1]]), [[
        33_554_432 - 8 - header.length,
        7
      ]])
    })
    it("a large announced frame costs only what came of it", () => {
      const decoders = Array.from({ length: 2000 }, () => {
        const decoder = Frame.makeDecoder()
        assert.strictEqual(
          decoder.push(bytesOf("01fffffc00000010" + "7b22"), () => assert.fail("no command")),
          undefined
        )
        return decoder
      })
      // 2000 frames of 32 MiB would be 62 GiB
      assert.strictEqual(decoders.length, 2000)
    })
  })

  describe("headers of other forms", () => {
    const fields = (header: string) => ({ ...decodeOne(frameOf(0, header)).extFields })
    it("spaces, numbers as texts, texts as numbers, null, other orders", () => {
      const command = decodeOne(frameOf(
        0,
        " { \"opaque\" : 7, \"flag\":\"1\",\"code\":0,\"remark\":null,\"language\":9,\"extFields\":{\"a\":1,\"b\":true,\"c\":null," +
          "\"d\":12345678901234567890,\"e\":{\"f\":1}} }"
      ))
      assert.deepStrictEqual(view(command), {
        code: 0,
        language: LanguageCode.GO,
        version: 0,
        opaque: 7,
        flag: 1,
        remark: undefined,
        extFields: { a: "1", b: "true", d: "12345678901234567890", e: "{\"f\":1}" },
        body: undefined,
        serializeType: 0
      })
    })
    const tail = ",\"flag\":1,\"language\":\"JAVA\",\"opaque\":1,\"serializeTypeCurrentRPC\":\"JSON\",\"version\":513}"
    it("numbers among the fields, and fields that are no JSON", () => {
      assert.deepStrictEqual(fields(`{"code":0,"extFields":{"a":1,"b":"2"}${tail}`), { a: "1", b: "2" })
      assert.deepStrictEqual(fields(`{"code":0,"extFields":{"a" : "1"}${tail}`), { a: "1" })
      assert.deepStrictEqual(fields(`{"code":0,"extFields":{}${tail}`), {})
      assert.deepStrictEqual(fields(`{"code":0,"extFields":{oops}${tail}`), {})
      assert.deepStrictEqual(fields(`{"code":0,"extFields":{"a":"\\x"}${tail}`), {})
    })
    it("keys of Object.prototype are plain keys", () => {
      const { extFields } = decodeOne(frameOf(0, `{"code":0,"extFields":{"__proto__":"p","constructor":"c"}${tail}`))
      assert.strictEqual(extFields["__proto__"], "p")
      assert.strictEqual(extFields["constructor"], "c")
      assert.strictEqual(extFields["toString"], undefined)
      assert.strictEqual(({} as Record<string, unknown>)["p"], undefined)
    })
  })

  describe("Writer", () => {
    it("writes over what was taken when it is told to, and never over what was not", () => {
      const writer = Frame.makeWriter()
      const command = (opaque: number) =>
        RemotingCommand.make({ code: 1, opaque, body: new Uint8Array(1000).fill(opaque) })
      writer.write(command(1))
      const first = writer.take()!
      const copy = first.slice()
      writer.write(command(2))
      writer.recycle()
      assert.deepStrictEqual(first.slice(), copy)
      const second = writer.take()!
      assert.strictEqual(decodeOne(second).opaque, 2)
      writer.recycle()
      writer.write(command(3))
      const third = writer.take()!
      assert.strictEqual(third.buffer, first.buffer)
      assert.strictEqual(third.byteOffset, first.byteOffset)
      assert.strictEqual(decodeOne(third).opaque, 3)
      assert.strictEqual(decodeOne(first).opaque, 3)
    })

    const command = (opaque: number, size: number) =>
      RemotingCommand.make({
        code: 310,
        opaque,
        extFields: { b: "topic" },
        body: new Uint8Array(size).fill(opaque),
        serializeType: 1
      })

    it.prop("hands out what was written, in views that never change", [
      FastCheck.array(FastCheck.tuple(FastCheck.nat(700), FastCheck.boolean()), { minLength: 1, maxLength: 40 })
    ], ([steps]) => {
      const writer = Frame.makeWriter({ slabSize: 1024 })
      const taken: Array<{ readonly bytes: Uint8Array; readonly copy: Uint8Array }> = []
      const take = () => {
        const size = writer.size
        const bytes = writer.take()
        assert.strictEqual(bytes?.length ?? 0, size)
        if (bytes !== undefined) taken.push({ bytes, copy: bytes.slice() })
      }
      steps.forEach(([size, flush], i) => {
        assert.strictEqual(writer.write(command(i + 1, size)), undefined)
        if (flush) take()
      })
      take()
      assert.strictEqual(writer.take(), undefined)
      for (const { bytes, copy } of taken) assert.deepStrictEqual(bytes, copy)
      const { commands, error } = decodeAll(taken.map(({ bytes }) => bytes))
      assert.strictEqual(error, undefined)
      assert.deepStrictEqual(
        commands.map(({ body, opaque }) => [opaque, body?.length ?? 0, body?.[0]]),
        steps.map(([size], i) => [i + 1, size, size === 0 ? undefined : i + 1])
      )
    })

    it("refuses what no frame can hold, and goes on", () => {
      const writer = Frame.makeWriter()
      assert.strictEqual(writer.write(RemotingCommand.make({ code: 1.5 }))?._tag, "SerializationError")
      assert.strictEqual(writer.write(RemotingCommand.make({ code: 1, opaque: 2 ** 40 }))?._tag, "SerializationError")
      const remark = "x".repeat(0x1000000)
      assert.strictEqual(writer.write(RemotingCommand.make({ code: 1, remark }))?._tag, "HeaderTooLargeError")
      assert.strictEqual(writer.take(), undefined)
      assert.strictEqual(writer.write(command(5, 3)), undefined)
      assert.strictEqual(decodeOne(writer.take()!).opaque, 5)
      assert.throws(() => RemotingCommand.encode(RemotingCommand.make({ code: NaN })))
    })
  })
})
