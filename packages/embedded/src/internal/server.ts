/**
 * What the name server and the brokers have in common: connections, dispatch by request code, faults, the record of
 * requests.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type { Connection, Host, Sink } from "./connection.js"
import * as Connections from "./connection.js"
import type { Events } from "./events.js"
import * as Expiry from "./expiry.js"
import * as FaultAnswers from "./faultAnswers.js"
import type { Faults, Hit } from "./faults.js"
import { BadRequest } from "./fields.js"
import type { WhenKept } from "./journal.js"
import { withoutSecrets } from "./secrets.js"
import type { Tasks } from "./tasks.js"
import type { Timers } from "./timers.js"

/** What a handler answers. */
export interface Answer {
  readonly code: number
  readonly remark?: string | undefined
  readonly extFields?: Remoting.ExtFields | undefined
  readonly body?: Uint8Array | undefined
}

/** One request on its way through a server. */
export interface Call {
  readonly request: RemotingCommand
  readonly connection: Connection
  readonly fault: Hit | undefined
  /** When it was read, if somebody wants to know how long it takes. */
  readonly since: number | undefined
}

/** Answers now, or returns undefined and calls `reply` later, or never. */
export type Handler = (call: Call) => Answer | undefined

export type Handlers = ReadonlyMap<number, Handler>

export const ok: Answer = { code: ResponseCode.SUCCESS }

export const answer = (code: number, remark?: string): Answer => ({ code, remark })

const faq = "https://rocketmq.apache.org/docs/bestPractice/06FAQ"

/** The tail that RocketMQ puts behind some remarks. */
export const suggestion = `\nSee ${faq} for further details.`

/** What a broker says whose disk is full. */
const notKept = answer(
  ResponseCode.SERVICE_NOT_AVAILABLE,
  "service not available now. It may be caused by one of the following reasons: the broker's disk is full, messages are " +
    "put to the slave, message store has been shut down, etc."
)

/** What all servers of a cluster share. */
export interface Shared {
  readonly tasks: Tasks
  readonly timers: Timers
  readonly faults: Faults
  readonly nextConnectionId: () => number
  /** What servers say that they are, as Java's ordinal. */
  readonly version: number
  readonly onRequest: (server: string, request: RemotingCommand, connection: Connection) => void
  readonly events: Events
  /** Something that a test may wait for has happened. */
  readonly changed: () => void
}

export interface Expired {
  readonly connections: ReadonlyArray<Connection>
  readonly oldest: number | undefined
}

export interface Server {
  readonly name: string
  readonly isUp: () => boolean
  readonly setUp: (up: boolean) => void
  readonly freeze: (frozen: boolean) => void
  readonly accept: (remoteAddress: string, sink: Sink) => Connection | undefined
  readonly connections: () => Iterable<Connection>
  readonly disconnect: () => void
  readonly reply: (call: Call, answer: Answer) => void
}

export const make = (options: {
  readonly name: string
  readonly shared: Shared
  readonly handlers: () => Handlers
  /** The refusal of whom a request is not allowed to; undefined: everybody may do everything. */
  readonly refusal?: ((call: Call) => Answer | undefined) | undefined
  /** Holds an answer back until what it says is kept; undefined: it never has to wait. */
  readonly whenKept?: WhenKept | undefined
  readonly onClose: (connection: Connection) => void
  /** How long a connection may be silent, in milliseconds. */
  readonly clientTimeout: number
  /** Takes out clients that were silent since `limit`; gives their connections, and when the quietest of the rest spoke. */
  readonly expire?: ((limit: number) => Expired) | undefined
}): Server => {
  const { name, shared } = options
  const connections = new Set<Connection>()
  let up = true
  let frozen = false
  let handlers: Handlers | undefined

  const commandOf = (call: Call, { body, code, extFields, remark }: Answer) =>
    Remoting.response(call.request, { code, remark, extFields, body, version: shared.version })

  const replyUnder = (hit: Hit, call: Call, response: Answer) => {
    const { connection, request } = call
    if (Remoting.isOneway(request)) return FaultAnswers.giveNone(hit, connection)
    const command = commandOf(call, response)
    FaultAnswers.give(hit, command, () => Remoting.encode(command), {
      send: connection.send,
      sendBytes: connection.sendBytes,
      close: connection.close,
      later: (millis, run) => shared.timers.at(shared.timers.now() + millis, run),
      random: shared.faults.random
    })
  }

  const tellAnswer = ({ connection, request, since }: Call, { body, code, remark }: Answer) => {
    const at = shared.timers.now()
    shared.events.emit?.({
      _tag: "Answered",
      at,
      server: name,
      connection: connection.id,
      requestCode: request.code,
      code,
      remark,
      bodySize: body?.length ?? 0,
      millis: at - (since ?? at)
    })
  }

  const replyNow = (call: Call, response: Answer) => {
    shared.changed()
    if (shared.events.emit !== undefined && !Remoting.isOneway(call.request)) tellAnswer(call, response)
    if (call.fault !== undefined) return replyUnder(call.fault, call, response)
    if (!Remoting.isOneway(call.request)) call.connection.send(commandOf(call, response))
  }

  const { whenKept } = options
  const reply = whenKept === undefined
    ? replyNow
    : (call: Call, response: Answer) => whenKept(() => replyNow(call, response), () => replyNow(call, notKept))

  const unsupported: Handler = ({ request }) =>
    answer(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, ` request type ${request.code} not supported`)

  const run = (call: Call): Answer | undefined => {
    const handler = (handlers ??= options.handlers()).get(call.request.code) ?? unsupported
    try {
      return options.refusal?.(call) ?? handler(call)
    } catch (error) {
      const text = error instanceof BadRequest
        ? `org.apache.rocketmq.remoting.exception.RemotingCommandException: ${error.message}`
        : String(error)
      return answer(ResponseCode.SYSTEM_ERROR, text)
    }
  }

  const tellRequest = (request: RemotingCommand, connection: Connection, fault: Hit | undefined): number => {
    const at = shared.timers.now()
    shared.events.emit?.({
      _tag: "Requested",
      at,
      server: name,
      connection: connection.id,
      code: request.code,
      extFields: withoutSecrets(request.extFields),
      oneway: Remoting.isOneway(request),
      bodySize: request.body?.length ?? 0,
      fault: fault?._tag
    })
    return at
  }

  const tellConnection = (
    connection: Connection,
    event:
      | { readonly _tag: "Connected"; readonly remoteAddress: string }
      | { readonly _tag: "Disconnected" }
  ) => shared.events.emit?.({ ...event, at: shared.timers.now(), server: name, connection: connection.id })

  const host: Host = {
    name,
    isFrozen: () => frozen,
    onClose: (connection) => {
      connections.delete(connection)
      tellConnection(connection, { _tag: "Disconnected" })
      options.onClose(connection)
      shared.changed()
    },
    faultOf: (request, connection) => shared.faults.take(name, request, connection, "server"),
    onRequest: (request, connection) => {
      shared.onRequest(name, request, connection)
      const fault = shared.faults.take(name, request, connection)
      const since = shared.events.emit === undefined ? undefined : tellRequest(request, connection, fault)
      const call: Call = { request, connection, fault, since }
      if (fault === undefined) process(call)
      else hit(fault, call)
    }
  }

  const process = (call: Call) => {
    const response = run(call)
    if (response !== undefined) reply(call, response)
    else shared.changed()
  }

  const hit = (fault: Hit, call: Call) => {
    switch (fault._tag) {
      case "DropRequest":
        return shared.changed()
      case "Fail":
        return reply(call, fault)
      case "DuplicateRequest":
        process(call)
        return process(call)
      case "Freeze":
        call.connection.freeze(fault.millis, () => process(call))
        return shared.changed()
      case "Delay":
        if (!Remoting.isOneway(call.request)) return process(call)
        // without an answer that could be late, the request itself is
        shared.timers.at(shared.timers.now() + fault.millis, () => process(call))
        return
      default:
        process(call)
    }
  }

  const disconnect = () => {
    for (const connection of Array.from(connections)) connection.close()
  }

  const expiry = Expiry.make(shared.timers, options.clientTimeout, (limit) => {
    const expired = options.expire?.(limit)
    for (const connection of expired?.connections ?? []) connection.close()
    let oldest = expired?.oldest
    for (const connection of Array.from(connections)) {
      const seen = connection.lastReadAt()
      if (seen < limit) connection.close()
      else if (oldest === undefined || seen < oldest) oldest = seen
    }
    return oldest
  })

  return {
    name,
    isUp: () => up,
    setUp: (value) => {
      up = value
      if (!up) disconnect()
      shared.changed()
    },
    freeze: (value) => {
      frozen = value
      if (!frozen) { for (const connection of Array.from(connections)) connection.thaw() }
    },
    accept: (remoteAddress, sink) => {
      if (!up) return undefined
      const connection = Connections.make({
        id: shared.nextConnectionId(),
        host,
        remoteAddress,
        sink,
        tasks: shared.tasks,
        timers: shared.timers
      })
      connections.add(connection)
      tellConnection(connection, { _tag: "Connected", remoteAddress })
      expiry.arm()
      return connection
    },
    connections: () => connections,
    disconnect,
    reply
  }
}
