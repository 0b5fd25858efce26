/**
 * The server's end of one connection: bytes in, commands out. What carries the bytes (memory, TCP) is a `Sink`.
 *
 * @since 0.1.0
 */
import * as Frame from "@effect-rocketmq/protocol/Frame"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import type { Hit } from "./faults.js"
import * as RequestFields from "./requestFields.js"
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
  /** What happens to a request of the server to this client. */
  readonly faultOf: (request: RemotingCommand, connection: Connection) => Hit | undefined
}

export interface Connection {
  readonly id: number
  readonly server: string
  /** The client's end, `host:port`. */
  readonly remoteAddress: string
  /** When bytes came last, by Effect's clock. */
  readonly lastReadAt: () => number
  readonly isOpen: () => boolean
  /** As its heartbeats tell it. */
  readonly clientId: () => string | undefined
  readonly send: (command: RemotingCommand) => void
  /** Bytes behind all that was sent, whether they are a frame or not. */
  readonly sendBytes: (bytes: Uint8Array) => void
  /** A request to the client that wants no answer. */
  readonly push: (request: RemotingCommand) => void
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
  /** Takes bytes and does nothing with them for so many milliseconds; then `first` runs, and all that came meanwhile. */
  readonly freeze: (millis: number, first: () => void) => void
}

/** A request to the client that waits for its answer. */
interface Pending {
  readonly timer: Timer
  readonly onAnswer: (answer?: RemotingCommand) => void
  readonly hit: Hit | undefined
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
  const calls = new Map<number, Pending>()
  let inbox: Array<Uint8Array> = []
  let backlog = 0
  let open = true
  let blocked = false
  let flushing = false
  let opaque = 0
  let lastReadAt = timers.now()
  let clientId: string | undefined
  /** How many freezes of this connection alone are not over. */
  let freezes = 0
  /** What came out of bytes that were read when the connection froze. */
  let held: Array<() => void> = []
  /** What goes out before the bytes of the writer. */
  let outbox: Array<Uint8Array> = []

  const isFrozen = () => freezes > 0 || host.isFrozen()
  const flush = () => {
    flushing = false
    if (!open || isFrozen()) return
    for (const bytes of outbox) if (!sink.write(bytes)) blocked = true
    if (outbox.length > 0) outbox = []
    const bytes = writer.take()
    if (bytes !== undefined && !sink.write(bytes)) blocked = true
  }
  const scheduleFlush = () => {
    if (flushing || isFrozen()) return
    flushing = true
    tasks.defer(flush)
  }
  const shut = () => {
    if (!open) return false
    open = false
    inbox = []
    held = []
    outbox = []
    backlog = 0
    for (const call of calls.values()) {
      timers.cancel(call.timer)
      call.onAnswer(undefined)
    }
    calls.clear()
    host.onClose(connection)
    return true
  }
  const onAnswer = (answer: RemotingCommand) => {
    const call = calls.get(answer.opaque)
    if (call === undefined) return
    const settle = (result: RemotingCommand) => {
      if (!calls.delete(answer.opaque)) return
      timers.cancel(call.timer)
      call.onAnswer(result)
    }
    switch (call.hit?._tag) {
      case "DropResponse":
        return
      case "Delay":
        timers.at(timers.now() + call.hit.millis, () => settle(answer))
        return
      case "Answer":
        return settle({ ...answer, code: call.hit.code, remark: call.hit.remark })
      // what the server cannot read ends the connection, as what never comes whole
      case "Disconnect":
      case "Cut":
      case "Corrupt":
        return connection.close()
      default:
        settle(answer)
    }
  }
  const onCommand = (command: RemotingCommand) => {
    if (!open) return
    if (freezes > 0) {
      held.push(() => onCommand(command))
      return
    }
    if (Remoting.isResponse(command)) return onAnswer(command)
    clientId = RequestFields.clientIdOf(command) ?? clientId
    host.onRequest(command, connection)
  }
  const read = (chunk: Uint8Array) => {
    if (decoder.push(chunk, onCommand) !== undefined) connection.close()
  }
  const goOn = () => {
    while (held.length > 0 && open && !isFrozen()) held.shift()!()
    while (inbox.length > 0 && open && !blocked && !isFrozen()) {
      const chunk = inbox.shift()!
      backlog -= chunk.length
      read(chunk)
      if (inbox.length === 0 && open) sink.ready()
    }
  }
  const thaw = () => {
    scheduleFlush()
    goOn()
  }
  /** Sends a request to the client, as far as its fault lets it. */
  const pushed = (command: RemotingCommand, hit: Hit | undefined) => {
    switch (hit?._tag) {
      case "DropRequest":
      case "Fail":
        return
      case "DuplicateRequest":
        connection.send(command)
        return connection.send(command)
      case "Delay":
        // without an answer that could be late, the request itself is
        if (!Remoting.isOneway(command)) return connection.send(command)
        timers.at(timers.now() + hit.millis, () => connection.send(command))
        return
      case "Freeze":
        connection.send(command)
        return connection.freeze(hit.millis, () => {})
      default:
        connection.send(command)
        if (Remoting.isOneway(command) && (hit?._tag === "Disconnect" || hit?._tag === "Cut")) connection.close()
    }
  }

  const connection: Connection = {
    id: options.id,
    server: host.name,
    remoteAddress: options.remoteAddress,
    lastReadAt: () => lastReadAt,
    isOpen: () => open,
    clientId: () => clientId,
    send: (command) => {
      if (!open) return
      writer.write(command)
      scheduleFlush()
    },
    push: (request) => pushed(request, host.faultOf(request, connection)),
    sendBytes: (bytes) => {
      if (!open) return
      const before = writer.take()
      if (before !== undefined) outbox.push(before)
      outbox.push(bytes)
      scheduleFlush()
    },
    call: (request, timeout, onAnswer) => {
      if (!open) return onAnswer(undefined)
      const id = opaque++
      const timer = timers.at(timers.now() + timeout, () => {
        calls.delete(id)
        onAnswer(undefined)
      })
      const command = Remoting.make({ ...request, opaque: id, language: JAVA })
      const hit = host.faultOf(command, connection)
      calls.set(id, { timer, onAnswer, hit })
      if (hit?._tag === "Fail") onCommand(Remoting.response(command, hit))
      else pushed(command, hit)
    },
    close: () => {
      if (!open) return
      flush()
      if (shut()) sink.end()
    },
    receive: (chunk) => {
      if (!open) return
      lastReadAt = timers.now()
      if (inbox.length > 0 || held.length > 0 || blocked || isFrozen()) {
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
    thaw,
    freeze: (millis, first) => {
      freezes++
      held.push(first)
      timers.at(timers.now() + millis, () => {
        freezes--
        if (open && !isFrozen()) thaw()
      })
    }
  }
  return connection
}
