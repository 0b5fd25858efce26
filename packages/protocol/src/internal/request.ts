import * as Header from "../Header.js"
import type { ExtFields, Request } from "../RemotingCommand.js"
import { nameOf } from "../RequestCode.js"

/** The header of one kind of request. */
export interface RequestHeader<A> extends Header.Header<A> {
  /** See `RequestCode`. */
  readonly code: number
  /** A request of this kind. The value may be left out when no field is needed. */
  readonly make: (...args: {} extends A ? [value?: A, body?: Uint8Array] : [value: A, body?: Uint8Array]) => Request
}

class HeaderRequest implements Request {
  readonly code: number
  readonly extFields: ExtFields
  readonly body: Uint8Array | undefined
  constructor(code: number, extFields: ExtFields, body: Uint8Array | undefined) {
    this.code = code
    this.extFields = extFields
    this.body = body
  }
}

/** The header of a request of these fields. */
export const request = <const F extends Header.AnyFields>(
  code: number,
  fields: F
): RequestHeader<Header.Value<F>> => {
  const name = nameOf(code)
  const header = Header.make(name, fields)
  const make = (value: Header.Value<F> | undefined, body?: Uint8Array): Request =>
    new HeaderRequest(code, header.encode(value ?? {} as Header.Value<F>), body)
  return { ...header, code, make: make as RequestHeader<Header.Value<F>>["make"] }
}
