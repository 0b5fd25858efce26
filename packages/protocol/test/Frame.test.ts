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
    it("all at once, byte by byte", () => {
      const bytes = concat(frames.map((vector) => bytesOf(vector.hex)))
      const whole = decodeAll([bytes])
      const bytewise = decodeAll(split(bytes, Array.from(bytes, (_, i) => i)))
      assert.strictEqual(whole.commands.length, frames.length)
      assert.deepStrictEqual(bytewise.commands.map(view), whole.commands.map(view))
      assert.strictEqual(bytewise.error, undefined)
    })
  })
})
void FastCheck
void isProtocolError
