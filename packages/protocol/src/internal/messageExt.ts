import * as Inspectable from "effect/Inspectable"
import type * as Ext from "../MessageExt.js"
import * as MessageProperties from "../MessageProperties.js"
import * as SysFlag from "../SysFlag.js"
import * as Batch from "./batch.js"
import { range } from "./bytes.js"
import * as Host from "./host.js"
import * as Entry from "./propertyEntry.js"
import * as Scan from "./propertyScan.js"
import * as Text from "./text.js"

export const TypeId: Ext.TypeId = Symbol.for("@effect-rocketmq/protocol/MessageExt") as Ext.TypeId

export const MAGIC_V1 = 0xdaa320a7 | 0
export const MAGIC_V2 = 0xdaa320ab | 0
const MAGIC_BLANK = 0xcbd43194 | 0

/** Bytes of a v1 record with IPv4 hosts beside its topic, body and properties. */
const OVERHEAD = 91

const TAGS = Text.encode(`${MessageProperties.TAGS}\x01`)
const KEYS = `\x02${MessageProperties.KEYS}\x01`
const UNIQ_KEY = `\x02${MessageProperties.UNIQ_KEY}\x01`

/** What the views of one response share. */
class Source {
  readonly bytes: Uint8Array
  readonly view: DataView
  // nearly always all messages of a response have one topic: it is decoded once
  private topicAt = 0
  private topicSize = -1
  private topic = ""

  constructor(bytes: Uint8Array) {
    // platforms hand out subclasses (Buffer), whose views cost five times as much
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  topicOf(at: number, size: number): string {
    if (size === this.topicSize) {
      const bytes = this.bytes
      let i = 0
      while (i < size && bytes[at + i] === bytes[this.topicAt + i]) i++
      if (i === size) return this.topic
    }
    this.topicAt = at
    this.topicSize = size
    return this.topic = Text.slice(this.bytes, at, at + size)
  }
}

/** Times fit a double, and two 32-bit reads cost less than a bigint. */
const millisAt = (view: DataView, at: number): number => view.getInt32(at) * 4294967296 + view.getUint32(at + 4)

/**
 * A record, or an entry of an inner batch, read on demand. `undefined` in a field that starts with `_` means: not read
 * yet, and not overridden.
 */
class View implements Ext.MessageExt {
  readonly source: Source
  readonly at: number
  readonly bodyAt: number
  readonly bodySize: number
  readonly topicAt: number
  readonly topicSize: number
  readonly propertiesSource: Uint8Array
  readonly propertiesAt: number
  readonly propertiesSize: number
  storeSize: number
  sysFlag: number
  brokerName: string
  _body: Uint8Array | undefined = undefined
  _topic: string | undefined = undefined
  _properties: MessageProperties.Properties | undefined = undefined
  _propertiesText: string | undefined = undefined
  _queueOffset: bigint | undefined = undefined
  _queueId: number | undefined = undefined
  _flag: number | undefined = undefined
  _bodyCrc: number | undefined = undefined
  _reconsumeTimes: number | undefined = undefined

  constructor(
    source: Source,
    at: number,
    storeSize: number,
    sysFlag: number,
    bodyAt: number,
    bodySize: number,
    topicAt: number,
    topicSize: number,
    propertiesSource: Uint8Array,
    propertiesAt: number,
    propertiesSize: number,
    brokerName: string
  ) {
    this.source = source
    this.at = at
    this.storeSize = storeSize
    this.sysFlag = sysFlag
    this.bodyAt = bodyAt
    this.bodySize = bodySize
    this.topicAt = topicAt
    this.topicSize = topicSize
    this.propertiesSource = propertiesSource
    this.propertiesAt = propertiesAt
    this.propertiesSize = propertiesSize
    this.brokerName = brokerName
  }

  get [TypeId](): Ext.TypeId {
    return TypeId
  }

  get topic(): string {
    return this._topic ??= this.source.topicOf(this.topicAt, this.topicSize)
  }

  get body(): Uint8Array {
    return this._body ??= range(this.source.bytes, this.bodyAt, this.bodySize)
  }

  get bodyCrc(): number {
    return this._bodyCrc ?? this.source.view.getInt32(this.at + 8)
  }

  get queueId(): number {
    return this._queueId ?? this.source.view.getInt32(this.at + 12)
  }

  get flag(): number {
    return this._flag ?? this.source.view.getInt32(this.at + 16)
  }

  get queueOffset(): bigint {
    return this._queueOffset ??= this.source.view.getBigInt64(this.at + 20)
  }

  get commitLogOffset(): bigint {
    return this.source.view.getBigInt64(this.at + 28)
  }

  /** The flags of the record itself: an override of `sysFlag` must not move its fields. */
  get bornSize(): number {
    return (this.source.view.getInt32(this.at + 36) & SysFlag.BORNHOST_V6_FLAG) === 0 ? 4 : 16
  }

  get storeSizeOfHost(): number {
    return (this.source.view.getInt32(this.at + 36) & SysFlag.STOREHOSTADDRESS_V6_FLAG) === 0 ? 4 : 16
  }

  get bornTimestamp(): number {
    return millisAt(this.source.view, this.at + 40)
  }

  get bornHost(): string {
    const { bytes, view } = this.source
    const size = this.bornSize
    return Host.format(bytes, this.at + 48, size, view.getInt32(this.at + 48 + size))
  }

  get storeTimestamp(): number {
    return millisAt(this.source.view, this.at + 52 + this.bornSize)
  }

  get storeHost(): string {
    const { bytes, view } = this.source
    const size = this.storeSizeOfHost
    const at = this.at + 60 + this.bornSize
    return Host.format(bytes, at, size, view.getInt32(at + size))
  }

  get reconsumeTimes(): number {
    return this._reconsumeTimes ??
      this.source.view.getInt32(this.at + 64 + this.bornSize + this.storeSizeOfHost)
  }

  get preparedTransactionOffset(): bigint {
    return this.source.view.getBigInt64(this.at + 68 + this.bornSize + this.storeSizeOfHost)
  }

  get properties(): MessageProperties.Properties {
    return this._properties ??= MessageProperties.decode(this.propertiesText())
  }

  propertiesText(): string {
    return this._propertiesText ??= Text.slice(
      this.propertiesSource,
      this.propertiesAt,
      this.propertiesAt + this.propertiesSize
    )
  }

  private property(name: string, entry: string): string | undefined {
    return this._properties === undefined ? Entry.find(this.propertiesText(), entry) : this._properties[name]
  }

  get tags(): string | undefined {
    if (this._properties !== undefined) return this._properties[MessageProperties.TAGS]
    const at = this.propertiesAt
    return Scan.find(this.propertiesSource, at, at + this.propertiesSize, TAGS)
  }

  get keys(): ReadonlyArray<string> {
    return MessageProperties.keysOf(this.property(MessageProperties.KEYS, KEYS))
  }

  get uniqueKey(): string | undefined {
    return this.property(MessageProperties.UNIQ_KEY, UNIQ_KEY)
  }

  get offsetId(): string {
    const at = this.at + 60 + this.bornSize
    const { bytes } = this.source
    return Host.hex(bytes, at, at + this.storeSizeOfHost + 4) + Host.hex(bytes, this.at + 28, this.at + 36)
  }

  get msgId(): string {
    return this.uniqueKey ?? this.offsetId
  }

  toJSON(): unknown {
    return {
      _id: "MessageExt",
      msgId: this.msgId,
      topic: this.topic,
      brokerName: this.brokerName,
      queueId: this.queueId,
      queueOffset: String(this.queueOffset),
      commitLogOffset: String(this.commitLogOffset),
      reconsumeTimes: this.reconsumeTimes,
      flag: this.flag,
      sysFlag: this.sysFlag,
      bornTimestamp: this.bornTimestamp,
      bornHost: this.bornHost,
      storeTimestamp: this.storeTimestamp,
      storeHost: this.storeHost,
      properties: { ...this.properties },
      bodyBytes: this.body.length
    }
  }

  toString(): string {
    return Inspectable.format(this.toJSON())
  }

  [Inspectable.NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

const copyOf = (self: View): View => {
  const copy = new View(
    self.source,
    self.at,
    self.storeSize,
    self.sysFlag,
    self.bodyAt,
    self.bodySize,
    self.topicAt,
    self.topicSize,
    self.propertiesSource,
    self.propertiesAt,
    self.propertiesSize,
    self.brokerName
  )
  copy._body = self._body
  copy._topic = self._topic
  copy._properties = self._properties
  copy._propertiesText = self._propertiesText
  copy._queueOffset = self._queueOffset
  copy._queueId = self._queueId
  copy._flag = self._flag
  copy._bodyCrc = self._bodyCrc
  copy._reconsumeTimes = self._reconsumeTimes
  return copy
}

export const update = (self: Ext.MessageExt, changes: Ext.Changes): Ext.MessageExt => {
  const copy = copyOf(self as View)
  if (changes.topic !== undefined) copy._topic = changes.topic
  if (changes.body !== undefined) copy._body = changes.body
  if (changes.sysFlag !== undefined) copy.sysFlag = changes.sysFlag
  if (changes.brokerName !== undefined) copy.brokerName = changes.brokerName
  if (changes.queueId !== undefined) copy._queueId = changes.queueId
  if (changes.queueOffset !== undefined) copy._queueOffset = changes.queueOffset
  if (changes.reconsumeTimes !== undefined) copy._reconsumeTimes = changes.reconsumeTimes
  if (changes.properties !== undefined) copy._properties = changes.properties
  return copy
}

const isTooShort = (total: number, needed: number): string | undefined =>
  needed > total ? `its fields need ${needed} bytes, but its size is given as ${total}` : undefined

/** The record at `at`, whose size and magic are known to be sane, or what is wrong with it. */
const recordAt = (source: Source, at: number, total: number, magic: number, brokerName: string): View | string => {
  const view = source.view
  const sysFlag = view.getInt32(at + 36)
  let needed = OVERHEAD
  if ((sysFlag & SysFlag.BORNHOST_V6_FLAG) !== 0) needed += 12
  if ((sysFlag & SysFlag.STOREHOSTADDRESS_V6_FLAG) !== 0) needed += 12
  if (magic === MAGIC_V2) needed += 1
  if (needed > total) return isTooShort(total, needed)!
  // `needed` ends with 4 of body length, 1 or 2 of topic length, 2 of properties length
  const bodyAt = at + needed - (magic === MAGIC_V2 ? 4 : 3)
  const bodySize = view.getInt32(bodyAt - 4)
  if (bodySize < 0 || bodySize > total - needed) return `its body size is given as ${bodySize}, in a record of ${total}`
  needed += bodySize
  let topicAt = bodyAt + bodySize
  const topicSize = magic === MAGIC_V2 ? view.getInt16(topicAt) : view.getUint8(topicAt)
  topicAt += magic === MAGIC_V2 ? 2 : 1
  if (topicSize < 0 || topicSize > total - needed) {
    return `its topic size is given as ${topicSize}, in a record of ${total}`
  }
  const propertiesAt = topicAt + topicSize + 2
  const propertiesSize = view.getInt16(propertiesAt - 2)
  if (propertiesSize < 0 || propertiesAt + propertiesSize > at + total) {
    return `its properties size is given as ${propertiesSize}, in a record of ${total}`
  }
  return new View(
    source,
    at,
    total,
    sysFlag,
    bodyAt,
    bodySize,
    topicAt,
    topicSize,
    source.bytes,
    propertiesAt,
    propertiesSize,
    brokerName
  )
}

/** Appends the entries of an inner batch, and what could not be read of it. */
const unwrapInto = (
  self: View,
  fromOffset: bigint | undefined,
  messages: Array<Ext.MessageExt>,
  undecodable: Array<Ext.UndecodableRecord>
): void => {
  const body = self.body
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  let at = 0
  let offset = self.queueOffset
  if (body.length === 0) {
    undecodable.push({
      queueId: self.queueId,
      queueOffset: offset,
      bytes: range(self.source.bytes, self.at, self.storeSize),
      reason: "it is an inner batch without entries"
    })
  }
  while (at < body.length) {
    const size = Batch.sizeAt(view, at, body.length)
    const entry = typeof size === "string" ? size : Batch.entryAt(view, at, size)
    const end = typeof size === "string" ? body.length : at + size
    if (fromOffset === undefined || offset >= fromOffset) {
      if (typeof entry === "string") {
        undecodable.push({
          queueId: self.queueId,
          queueOffset: offset,
          bytes: range(body, at, end - at),
          reason: `entry of an inner batch: ${entry}`
        })
      } else {
        messages.push(entryOf(self, body, entry, offset))
      }
    }
    offset += 1n
    at = end
  }
}

const entryOf = (self: View, body: Uint8Array, entry: Batch.Entry, offset: bigint): View => {
  const message = new View(
    self.source,
    self.at,
    entry.size,
    self.sysFlag,
    self.bodyAt,
    self.bodySize,
    self.topicAt,
    self.topicSize,
    body,
    entry.propertiesAt,
    entry.propertiesSize,
    self.brokerName
  )
  message._topic = self._topic
  message._queueId = self._queueId
  message._body = range(body, entry.bodyAt, entry.bodySize)
  message._queueOffset = offset
  message._flag = entry.flag
  message._bodyCrc = entry.bodyCrc
  message._reconsumeTimes = 0
  return message
}

export const unwrap = (self: Ext.MessageExt, fromOffset: bigint | undefined): Ext.Decoded => {
  const messages: Array<Ext.MessageExt> = []
  const undecodable: Array<Ext.UndecodableRecord> = []
  unwrapInto(self as View, fromOffset, messages, undecodable)
  return { messages, undecodable }
}

export const decodeAll = (bytes: Uint8Array, options: Ext.DecodeOptions | undefined): Ext.Decoded => {
  const source = new Source(bytes)
  const view = source.view
  const length = bytes.length
  const brokerName = options?.brokerName ?? ""
  const crc32 = options?.crc32
  const unwraps = options?.unwrap !== false
  const fromOffset = options?.fromOffset
  const messages: Array<Ext.MessageExt> = []
  const undecodable: Array<Ext.UndecodableRecord> = []
  let at = 0
  while (at < length) {
    const left = length - at
    const magic = left < 8 ? 0 : view.getInt32(at + 4)
    if (magic === MAGIC_BLANK) break
    const total = left < 8 ? 0 : view.getInt32(at)
    if (total < 8 || total > left) {
      // nothing says where the next record starts
      undecodable.push(brokenRecord(
        view,
        at,
        left,
        magic,
        left < 8
          ? `${left} bytes are left, too few for a record`
          : `its size is given as ${total}, but ${left} bytes are left`
      ))
      break
    }
    const record = magic !== MAGIC_V1 && magic !== MAGIC_V2
      ? `its magic is ${(magic >>> 0).toString(16)}, which is no known format`
      : total < OVERHEAD
      ? isTooShort(total, OVERHEAD)!
      : recordAt(source, at, total, magic, brokerName)
    if (typeof record === "string") {
      undecodable.push(brokenRecord(view, at, total, magic, record))
    } else if (crc32 !== undefined && !crcMatches(record, crc32)) {
      undecodable.push(brokenRecord(view, at, total, magic, "its body does not match its checksum"))
    } else if (
      unwraps && SysFlag.isInnerBatch(record.sysFlag) && !SysFlag.isCompressed(record.sysFlag)
    ) {
      unwrapInto(record, fromOffset, messages, undecodable)
    } else {
      messages.push(record)
    }
    at += total
  }
  return { messages, undecodable }
}

const crcMatches = (record: View, crc32: (bytes: Uint8Array) => number): boolean => {
  const stored = record.bodyCrc
  return stored === 0 || (crc32(record.body) & 0x7fffffff) === (stored & 0x7fffffff)
}

const brokenRecord = (
  view: DataView,
  at: number,
  size: number,
  magic: number,
  reason: string
): Ext.UndecodableRecord => {
  // the layout up to the offset is that of every known format
  const located = size >= 28 && (magic === MAGIC_V1 || magic === MAGIC_V2)
  return {
    queueId: located ? view.getInt32(at + 12) : undefined,
    queueOffset: located ? view.getBigInt64(at + 20) : undefined,
    bytes: new Uint8Array(view.buffer, view.byteOffset + at, size),
    reason
  }
}
