/**
 * The server's end of one connection: bytes in, commands out. What carries the bytes (memory, TCP) is a `Sink`.
 *
 * @since 0.1.0
 */
import * as Frame from "@effect-rocketmq/protocol/Frame"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import type { Tasks } from "./tasks.js"
import type { Timer, Timers } from "./timers.js"

/** The way back to the client. */
export interface Sink {
  /** Takes bytes that are never rewritten. `false`: reading pauses until `drained` is called. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly end: () => void
  /** All bytes that had been held back are read: whoever paused because of the backlog may go on. */
  readonly ready: () => void
}

/** What a server does with its connections. */
export interface Host {
  readonly name: string
  readonly onRequest: (request: RemotingCommand, connection: Connection) => void
  readonly onClose: (connection: Connection) => void
  readonly isFrozen: () => boolean
}

export interface Connection {
  readonly id: number
  readonly server: string
  /** The client's end, `host:port`. */
  readonly remoteAddress: string
  /** When bytes came last, by Effect's clock. */
  readonly lastReadAt: () => number
  readonly isOpen: () => boolean
  readonly send: (command: RemotingCommand) => void
  /** A request to the client; `onAnswer` gets undefined after `timeout` milliseconds or when the connection closes. */
  readonly call: (
    request: Remoting.Request,
    timeout: number,
    onAnswer: (answer: RemotingCommand | undefined) => void
  ) => void
  readonly close: () => void
  /** For the carrier of the bytes. */
  readonly receive: (chunk: Uint8Array) => void
  readonly drained: () => void
  /** The carrier lost the client. */
  readonly lost: () => void
  /** Bytes that came and were not read yet, because the server is frozen or the client reads too slowly. */
  readonly backlog: () => number
  /** Goes on after the server was frozen. */
  readonly thaw: () => void
}

/** What a Java server takes: `com.rocketmq.remoting.frameMaxLength`. */
const MAX_FRAME = 16_777_216
/** Small, because a cluster of tests has many connections; an answer that is larger gets a slab of its own. */
const SLAB = 64 * 1024

/** Java's language code: what every client expects of a broker. */
const JAVA = 0

export const make = (options: {
  readonly id: number
  readonly host: Host
  readonly remoteAddress: string
  readonly sink: Sink
  readonly tasks: Tasks
  readonly timers: Timers
}): Connection => {
  const { host, sink, tasks, timers } = options
  const decoder = Frame.makeDecoder({ maxFrameSize: MAX_FRAME, maxHeaderSize: MAX_FRAME })
  const writer = Frame.makeWriter({ slabSize: SLAB })
  const calls = new Map<number, { readonly timer: Timer; readonly onAnswer: (answer?: RemotingCommand) => void }>()
  let inbox: Array<Uint8Array> = []
  let backlog = 0
  let open = true
  let blocked = false
  let flushing = false
  let opaque = 0
  let lastReadAt = timers.now()

  const flush = () => {
    flushing = false
    if (!open || host.isFrozen()) return
    const bytes = writer.take()
    if (bytes !== undefined && !sink.write(bytes)) blocked = true
  }
  const scheduleFlush = () => {
    if (flushing || host.isFrozen()) return
    flushing = true
    tasks.defer(flush)
  }
  const shut = () => {
    if (!open) return false
    open = false
    inbox = []
    backlog = 0
    for (const call of calls.values()) {
      timers.cancel(call.timer)
      call.onAnswer(undefined)
    }
    calls.clear()
    host.onClose(connection)
    return true
  }
  const onCommand = (command: RemotingCommand) => {
    if (!open) return
    if (!Remoting.isResponse(command)) return host.onRequest(command, connection)
    const call = calls.get(command.opaque)
    if (call === undefined) return
    calls.delete(command.opaque)
    timers.cancel(call.timer)
    call.onAnswer(command)
  }
  const read = (chunk: Uint8Array) => {
    if (decoder.push(chunk, onCommand) !== undefined) connection.close()
  }
  const goOn = () => {
    while (inbox.length > 0 && open && !blocked && !host.isFrozen()) {
      const chunk = inbox.shift()!
      backlog -= chunk.length
      read(chunk)
      if (inbox.length === 0 && open) sink.ready()
    }
  }

  const connection: Connection = {
    id: options.id,
    server: host.name,
    remoteAddress: options.remoteAddress,
    lastReadAt: () => lastReadAt,
    isOpen: () => open,
    send: (command) => {
      if (!open) return
      writer.write(command)
      scheduleFlush()
    },
    call: (request, timeout, onAnswer) => {
      if (!open) return onAnswer(undefined)
      const id = opaque++
      const timer = timers.at(timers.now() + timeout, () => {
        calls.delete(id)
        onAnswer(undefined)
      })
      calls.set(id, { timer, onAnswer })
      connection.send(Remoting.make({ ...request, opaque: id, language: JAVA }))
    },
    close: () => {
      if (!open) return
      flush()
      if (shut()) sink.end()
    },
    receive: (chunk) => {
      if (!open) return
      lastReadAt = timers.now()
      if (inbox.length > 0 || blocked || host.isFrozen()) {
        inbox.push(chunk)
        backlog += chunk.length
      } else read(chunk)
    },
    drained: () => {
      blocked = false
      goOn()
    },
    lost: () => {
      shut()
    },
    backlog: () => backlog,
    thaw: () => {
      scheduleFlush()
      goOn()
    }
  }
  return connection
}
