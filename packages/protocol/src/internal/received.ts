import type { ExtFields, RemotingCommand } from "../RemotingCommand.js"
import { range } from "./bytes.js"
import { Fields } from "./fields.js"
import { strictFields, tolerantFields } from "./headerJson.js"
import * as Text from "./text.js"

// Names of fields are few. One that was seen before is taken from here: no slice, and its hash is known to the engine.
const names: Array<string | undefined> = new Array(512).fill(undefined)

const nameAt = (text: string, start: number, end: number): string => {
  const length = end - start
  if (length === 0 || length > 32) return text.slice(start, end)
  const slot = (text.charCodeAt(start) * 31 + text.charCodeAt(end - 1) * 7 + length * 13) & 511
  const name = names[slot]
  if (name !== undefined && name.length === length) {
    let i = 0
    while (i < length && name.charCodeAt(i) === text.charCodeAt(start + i)) i++
    if (i === length) return name
  }
  return names[slot] = text.slice(start, end)
}

/** `{"k":"v",…}` without escapes: cut, not parsed. `undefined`: not of that form. */
const cutFields = (text: string): ExtFields | undefined => {
  const fields = new Fields()
  const last = text.length - 1
  let at = 0
  if (last === 1) return fields
  while (at < last) {
    const keyEnd = text.indexOf("\"", at + 2)
    const valueEnd = text.indexOf("\"", keyEnd + 3)
    if (
      text.charCodeAt(at + 1) !== 0x22 || keyEnd < 0 || valueEnd < keyEnd || text.charCodeAt(keyEnd + 1) !== 0x3a ||
      text.charCodeAt(keyEnd + 2) !== 0x22
    ) return undefined
    fields[nameAt(text, at + 2, keyEnd)] = text.slice(keyEnd + 3, valueEnd)
    at = valueEnd + 1
    if (text.charCodeAt(at) !== 0x2c && at !== last) return undefined
  }
  return fields
}

const jsonFields = (text: string): ExtFields =>
  (text.indexOf("\\") < 0 ? cutFields(text) : strictFields(text)) ?? tolerantFields(text)

/** Binary entries whose lengths are known to be right. */
const binaryFields = (bytes: Uint8Array, start: number, end: number): ExtFields => {
  const fields = new Fields()
  // one call for all of it: the text of an entry is a slice of that, unless some character took several bytes
  const text = Text.slice(bytes, start, end)
  const aligned = text.length === end - start
  let at = start
  while (at < end) {
    const keyEnd = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!)
    const valueEnd = keyEnd + 4 +
      (bytes[keyEnd]! << 24 | bytes[keyEnd + 1]! << 16 | bytes[keyEnd + 2]! << 8 | bytes[keyEnd + 3]!)
    if (aligned) fields[text.slice(at + 2 - start, keyEnd - start)] = text.slice(keyEnd + 4 - start, valueEnd - start)
    else fields[Text.slice(bytes, at + 2, keyEnd)] = Text.slice(bytes, keyEnd + 4, valueEnd)
    at = valueEnd
  }
  return fields
}

const describe = (self: RemotingCommand): unknown => ({
  _id: "RemotingCommand",
  code: self.code,
  language: self.language,
  version: self.version,
  opaque: self.opaque,
  flag: self.flag,
  remark: self.remark,
  extFields: { ...self.extFields },
  bodySize: self.body === undefined ? 0 : self.body.length,
  serializeType: self.serializeType
})

/** Received in JSON. Remark and fields are read when somebody asks; fields that are no JSON are none. */
export class ReceivedJson implements RemotingCommand {
  readonly code: number
  readonly language: number
  readonly version: number
  readonly opaque: number
  readonly flag: number
  readonly body: Uint8Array | undefined
  readonly source: Uint8Array
  private readonly remarkStart: number
  private readonly remarkEnd: number
  readonly extStart: number
  readonly extEnd: number
  private fields: ExtFields | undefined

  constructor(
    code: number,
    language: number,
    version: number,
    opaque: number,
    flag: number,
    body: Uint8Array | undefined,
    source: Uint8Array,
    remarkStart: number,
    remarkEnd: number,
    extStart: number,
    extEnd: number
  ) {
    this.code = code
    this.language = language
    this.version = version
    this.opaque = opaque
    this.flag = flag
    this.body = body
    this.source = source
    this.remarkStart = remarkStart
    this.remarkEnd = remarkEnd
    this.extStart = extStart
    this.extEnd = extEnd
    this.fields = undefined
  }

  get serializeType(): 0 {
    return 0
  }

  get remark(): string | undefined {
    return this.remarkEnd === 0 ? undefined : Text.slice(this.source, this.remarkStart, this.remarkEnd)
  }

  get extFields(): ExtFields {
    return this.fields ??= this.extStart === 0
      ? new Fields()
      : jsonFields(Text.slice(this.source, this.extStart, this.extEnd))
  }

  toJSON(): unknown {
    return describe(this)
  }
}

/** Received in the binary layout. Remark and fields are read when somebody asks; their lengths have been checked. */
export class ReceivedBinary implements RemotingCommand {
  readonly code: number
  readonly language: number
  readonly version: number
  readonly opaque: number
  readonly flag: number
  readonly body: Uint8Array | undefined
  readonly source: Uint8Array
  private readonly remarkStart: number
  private readonly remarkEnd: number
  readonly extStart: number
  readonly extEnd: number
  private fields: ExtFields | undefined

  constructor(
    code: number,
    language: number,
    version: number,
    opaque: number,
    flag: number,
    body: Uint8Array | undefined,
    source: Uint8Array,
    remarkStart: number,
    remarkEnd: number,
    extStart: number,
    extEnd: number
  ) {
    this.code = code
    this.language = language
    this.version = version
    this.opaque = opaque
    this.flag = flag
    this.body = body
    this.source = source
    this.remarkStart = remarkStart
    this.remarkEnd = remarkEnd
    this.extStart = extStart
    this.extEnd = extEnd
    this.fields = undefined
  }

  get serializeType(): 1 {
    return 1
  }

  /** An empty remark is none: the layout cannot tell them apart. */
  get remark(): string | undefined {
    return this.remarkEnd === this.remarkStart ? undefined : Text.slice(this.source, this.remarkStart, this.remarkEnd)
  }

  get extFields(): ExtFields {
    return this.fields ??= binaryFields(this.source, this.extStart, this.extEnd)
  }

  toJSON(): unknown {
    return describe(this)
  }
}

/** See RemotingCommand.extFieldBytes. */
export const extFieldBytes = (command: RemotingCommand): Uint8Array | undefined =>
  command instanceof ReceivedBinary || command instanceof ReceivedJson
    ? range(command.source, command.extStart, command.extStart === 0 ? 0 : command.extEnd - command.extStart)
    : undefined

/** See RemotingCommand.extFieldsOf. */
export const extFieldsOf = (bytes: Uint8Array, serializeType: 0 | 1): ExtFields =>
  bytes.length === 0
    ? new Fields()
    : serializeType === 1
    ? binaryFields(bytes, 0, bytes.length)
    : jsonFields(Text.slice(bytes, 0, bytes.length))
