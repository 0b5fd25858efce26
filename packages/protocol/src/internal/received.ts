import type { ExtFields, RemotingCommand, SerializeType } from "../RemotingCommand.js"

/** Objects without prototype that, unlike those of `Object.create(null)`, keep V8's fast properties. */
export const Fields = (() => {
  const constructor = function() {}
  constructor.prototype = Object.create(null)
  return constructor as unknown as new() => Record<string, string>
})()

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

export const utf8 = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end))

/** `{"k":"v",…}` known to be flat, valid, ASCII and without escapes: cut, not parsed. */
const cutFields = (text: string): ExtFields => {
  const fields = new Fields()
  let at = 1
  while (text.charCodeAt(at) === 0x22) {
    const keyEnd = text.indexOf("\"", at + 1)
    const valueEnd = text.indexOf("\"", keyEnd + 3)
    fields[text.slice(at + 1, keyEnd)] = text.slice(keyEnd + 3, valueEnd)
    at = valueEnd + 2
  }
  return fields
}

/** `{"k":"v",…}` known to be flat and valid. */
const parseFields = (text: string): ExtFields => {
  const parsed: Record<string, string> = JSON.parse(text)
  const fields = new Fields()
  for (const key of Object.keys(parsed)) fields[key] = parsed[key]!
  return fields
}

/** Binary entries whose lengths are known to be right. */
const binaryFields = (bytes: Uint8Array, start: number, end: number): ExtFields => {
  const fields = new Fields()
  // one call for all of it: the text of an entry is a slice of that, unless some byte was not ASCII
  const text = utf8(bytes, start, end)
  const ascii = text.length === end - start
  let at = start
  while (at < end) {
    const keyEnd = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!)
    const valueEnd = keyEnd + 4 +
      (bytes[keyEnd]! << 24 | bytes[keyEnd + 1]! << 16 | bytes[keyEnd + 2]! << 8 | bytes[keyEnd + 3]!)
    if (ascii) fields[text.slice(at + 2 - start, keyEnd - start)] = text.slice(keyEnd + 4 - start, valueEnd - start)
    else fields[utf8(bytes, at + 2, keyEnd)] = utf8(bytes, keyEnd + 4, valueEnd)
    at = valueEnd
  }
  return fields
}

/** How a part of a header is to be read. */
export const PLAIN = 0
export const JSON_TEXT = 1
export const BINARY = 2

/** A received command: remark and fields stay bytes until somebody asks. The reader has proved them to be valid. */
export class Received implements RemotingCommand {
  readonly code: number
  readonly language: number
  readonly version: number
  readonly opaque: number
  readonly flag: number
  readonly body: Uint8Array | undefined
  readonly serializeType: SerializeType
  private readonly source: Uint8Array
  private readonly remarkStart: number
  private readonly remarkEnd: number
  private readonly extStart: number
  private readonly extEnd: number
  private readonly form: number
  private text: string | undefined
  private fields: ExtFields | undefined

  constructor(
    code: number,
    language: number,
    version: number,
    opaque: number,
    flag: number,
    body: Uint8Array | undefined,
    serializeType: SerializeType,
    source: Uint8Array,
    remarkStart: number,
    remarkEnd: number,
    extStart: number,
    extEnd: number,
    form: number,
    fields: ExtFields | undefined
  ) {
    this.code = code
    this.language = language
    this.version = version
    this.opaque = opaque
    this.flag = flag
    this.body = body
    this.serializeType = serializeType
    this.source = source
    this.remarkStart = remarkStart
    this.remarkEnd = remarkEnd
    this.extStart = extStart
    this.extEnd = extEnd
    this.form = form
    this.text = undefined
    this.fields = fields
  }

  get remark(): string | undefined {
    if (this.text === undefined && this.remarkEnd > 0) {
      const text = utf8(this.source, this.remarkStart, this.remarkEnd)
      this.text = this.form === JSON_TEXT ? JSON.parse(`"${text}"`) as string : text
    }
    return this.text
  }

  get extFields(): ExtFields {
    return this.fields ??= this.read()
  }

  private read(): ExtFields {
    const { extEnd, extStart, form, source } = this
    if (extStart === extEnd) return new Fields()
    if (form === BINARY) return binaryFields(source, extStart, extEnd)
    const text = utf8(source, extStart, extEnd)
    return form === PLAIN ? cutFields(text) : parseFields(text)
  }

  toJSON(): unknown {
    return {
      _id: "RemotingCommand",
      code: this.code,
      language: this.language,
      version: this.version,
      opaque: this.opaque,
      flag: this.flag,
      remark: this.remark,
      extFields: { ...this.extFields },
      bodySize: this.body === undefined ? 0 : this.body.length,
      serializeType: this.serializeType
    }
  }
}
