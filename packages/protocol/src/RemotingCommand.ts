/**
 * What travels in a frame: a request or a response.
 * @since 0.1.0
 */
import { encodeFrame } from "./internal/frameWriter.js"
import * as internal from "./internal/received.js"
import { OTHER } from "./LanguageCode.js"
import { CURRENT } from "./MqVersion.js"

/**
 * The header fields that belong to one kind of request or response. All values are strings on the wire.
 * @since 0.1.0
 * @category models
 */
export type ExtFields = Readonly<Record<string, string>>

/**
 * A request before it is sent: what `RequestHeader.X.make` gives and what a connection turns into a command.
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** What is asked for, see `RequestCode`. */
  readonly code: number
  readonly extFields: ExtFields
  readonly body: Uint8Array | undefined
}

/**
 * A request or a response. One that was received reads `remark` and `extFields` on first use, and its body is a view of
 * the received bytes.
 * @since 0.1.0
 * @category models
 */
export interface RemotingCommand extends Request {
  /** Of a request, see `RequestCode`; of a response, see `ResponseCode`. */
  readonly code: number
  /** Who sent it, see `LanguageCode`. */
  readonly language: number
  /** Version ordinal of the sender, see `MqVersion`. */
  readonly version: number
  /** Joins a response to its request. Signed 32 bits; unique among the requests in flight of one direction. */
  readonly opaque: number
  /** Bit 0: response. Bit 1: oneway. Test the bits with `isResponse` and `isOneway`. */
  readonly flag: number
  /** Text for people. It may be present on success. */
  readonly remark: string | undefined
  readonly extFields: ExtFields
  /** `undefined` when there is none; never empty. */
  readonly body: Uint8Array | undefined
  /** How the header is written: 0 as JSON, 1 in the binary layout of RocketMQ. */
  readonly serializeType: SerializeType
}

/**
 * How a header is written: `JSON` or `ROCKETMQ`.
 * @since 0.1.0
 * @category models
 */
export type SerializeType = 0 | 1

/**
 * Headers as JSON text. Any code can be sent so.
 * @since 0.1.0
 * @category constants
 */
export const JSON = 0

/**
 * Headers in RocketMQ's binary layout: less work for both sides. Codes above 32767 do not fit and go as JSON.
 * @since 0.1.0
 * @category constants
 */
export const ROCKETMQ = 1

/**
 * Bit of `flag`: a response.
 * @since 0.1.0
 * @category constants
 */
export const FLAG_RESPONSE = 1

/**
 * Bit of `flag`: a request that gets no response.
 * @since 0.1.0
 * @category constants
 */
export const FLAG_ONEWAY = 2

/**
 * No header fields.
 * @since 0.1.0
 * @category constants
 */
export const noExtFields: ExtFields = Object.freeze(Object.create(null))

/**
 * A command. Defaults: opaque 0, flag 0, no remark, no fields, no body, language `OTHER` (the one that every broker
 * reads), the version of RocketMQ 5.5.0, JSON. An empty body is no body.
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  readonly code: number
  readonly opaque?: number | undefined
  readonly flag?: number | undefined
  readonly remark?: string | undefined
  readonly extFields?: ExtFields | undefined
  readonly body?: Uint8Array | undefined
  readonly language?: number | undefined
  readonly version?: number | undefined
  readonly serializeType?: SerializeType | undefined
}): RemotingCommand => ({
  code: options.code,
  language: options.language ?? OTHER,
  version: options.version ?? CURRENT,
  opaque: options.opaque ?? 0,
  flag: options.flag ?? 0,
  remark: options.remark,
  extFields: options.extFields ?? noExtFields,
  body: options.body !== undefined && options.body.length > 0 ? options.body : undefined,
  serializeType: options.serializeType ?? JSON
})

/**
 * Is it a response?
 * @since 0.1.0
 * @category refinements
 */
export const isResponse = (self: RemotingCommand): boolean => (self.flag & FLAG_RESPONSE) !== 0

/**
 * Is it a request that gets no response?
 * @since 0.1.0
 * @category refinements
 */
export const isOneway = (self: RemotingCommand): boolean => (self.flag & FLAG_ONEWAY) !== 0

/**
 * The response to a request: same opaque, response flag, JSON.
 * @since 0.1.0
 * @category constructors
 */
export const response = (request: { readonly opaque: number }, options: {
  readonly code: number
  readonly remark?: string | undefined
  readonly extFields?: ExtFields | undefined
  readonly body?: Uint8Array | undefined
  readonly version?: number | undefined
}): RemotingCommand =>
  make({
    code: options.code,
    opaque: request.opaque,
    flag: FLAG_RESPONSE,
    remark: options.remark,
    extFields: options.extFields,
    body: options.body,
    version: options.version
  })

/**
 * The whole frame of one command. What the binary layout cannot hold goes as JSON. To write many, use `Frame.Writer`.
 * Throws `HeaderTooLargeError` when the header is longer than the 16 MiB that a frame can tell of, and
 * `SerializationError` when code, opaque or flag is not a 32-bit integer.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (command: RemotingCommand): Uint8Array => encodeFrame(command)

/**
 * The header fields of a received command as they came: a view of the received bytes. Who keeps many commands and reads few
 * copies them, and reads them by {@link extFieldsOf}. `undefined` for a command that was not received.
 *
 * @since 0.1.0
 * @category decoding
 */
export const extFieldBytes: (self: RemotingCommand) => Uint8Array | undefined = internal.extFieldBytes

/**
 * The header fields in bytes that {@link extFieldBytes} gave of a command with this `serializeType`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const extFieldsOf: (bytes: Uint8Array, serializeType: SerializeType) => ExtFields = internal.extFieldsOf
