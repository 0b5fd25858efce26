/**
 * One connection through a proxy: frames go both ways, and faults and the network have their say.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as FaultAnswers from "./faultAnswers.js"
import type { Faults, Hit } from "./faults.js"
import type { Conditions } from "./flow.js"
import * as Flows from "./flow.js"
import * as Frames from "./frames.js"
import * as RequestFields from "./requestFields.js"
import type { Socket, SocketEvents } from "./tcp.js"
import type { Timers } from "./timers.js"

/** Bytes on their way in one direction above which nothing more is read from that side. */
const HIGH_WATER = 1024 * 1024

export interface Line {
  readonly id: number
  /** The network is another. */
  readonly changed: () => void
  readonly reset: () => void
  /** The server's end closes, and the client is not told. */
  readonly halve: () => void
}

export interface Options {
  readonly id: number
  /** Name of the server, which a proxy may learn later. */
  readonly server: () => string
  readonly client: Socket
  readonly connect: (opened: () => void, events: SocketEvents) => Socket
  readonly timers: Timers
  readonly faults: Faults
  readonly conditions: () => Conditions | undefined
  readonly onRequest: (request: RemotingCommand) => void
  /** Gives the answer with other addresses in it, when they are known; undefined: as it is. */
  readonly rewrite: ((answer: RemotingCommand, then: (other: RemotingCommand | undefined) => void) => void) | undefined
  readonly onClose: () => void
}

/** How far its two ends are. */
type State = "Open" | "HalfOpen" | "Closed"

export const make = (options: Options): { readonly line: Line; readonly events: SocketEvents } => {
  const { client, faults, id, timers } = options
  /** Requests of the client that a fault hit, by opaque. */
  const hits = new Map<number, Hit>()
  /** The same of the server's requests. */
  const asked = new Map<number, Hit>()
  const fromClient = Frames.make()
  const fromServer = Frames.make()
  let state: State = "Open"
  let connected = false
  let clientId: string | undefined
  let freezes = 0
  /** What waits for the end of a freeze. */
  let held: Array<() => void> = []
  /** Bytes of answers and requests that are late. */
  let late = 0
  const peer = { id, clientId: () => clientId }

  const flow = (to: () => Socket) =>
    Flows.make({
      timers,
      random: faults.random,
      conditions: options.conditions,
      spacing: 1,
      deliver: (bytes) => to().write(bytes),
      moved: () => regulate()
    })
  const up = flow(() => server)
  const down = flow(() => client)

  /** Each side is read from as fast as the other takes it. */
  const regulate = () => {
    if (state === "Closed") return
    const isHeld = freezes > 0 || late > HIGH_WATER
    if (!connected || isHeld || up.held() + server.unsent() > HIGH_WATER) client.pause()
    else client.resume()
    if (isHeld || down.held() + client.unsent() > HIGH_WATER) server.pause()
    else server.resume()
  }
  const later = (millis: number, size: number, run: () => void) => {
    late += size
    timers.at(timers.now() + millis, () => {
      late -= size
      if (state === "Closed") return
      run()
      regulate()
    })
  }
  const freeze = (millis: number, first: () => void) => {
    freezes++
    held.push(first)
    timers.at(timers.now() + millis, () => {
      freezes--
      while (held.length > 0 && freezes === 0 && state !== "Closed") held.shift()!()
      regulate()
    })
  }
  /** Runs now, or after the freeze and all that waits for its end. */
  const inTurn = (run: () => void) => {
    if (freezes > 0) held.push(run)
    else run()
  }

  const shut = () => {
    if (state === "Closed") return
    state = "Closed"
    held = []
    options.onClose()
  }
  /** Both ends close, each when what is on its way there has come. */
  const close = () => {
    if (state !== "Open") return
    shut()
    down.whenEmpty(() => client.end())
    up.whenEmpty(() => server.end())
  }

  const onRequest = (request: RemotingCommand, bytes: Uint8Array) => {
    clientId = RequestFields.clientIdOf(request) ?? clientId
    options.onRequest(request)
    const hit = faults.take(options.server(), request, peer)
    if (hit === undefined) return up.push(bytes)
    const pass = () => {
      if (!Remoting.isOneway(request)) hits.set(request.opaque, hit)
      up.push(bytes)
    }
    switch (hit._tag) {
      case "DropRequest":
        return
      case "Fail":
        if (!Remoting.isOneway(request)) down.push(Remoting.encode(Remoting.response(request, hit)))
        return
      case "DuplicateRequest":
        up.push(bytes)
        return up.push(bytes)
      case "Freeze":
        return freeze(hit.millis, () => up.push(bytes))
      case "Delay":
        return Remoting.isOneway(request) ? later(hit.millis, bytes.length, () => up.push(bytes)) : pass()
      default:
        pass()
        if (Remoting.isOneway(request)) FaultAnswers.giveNone(hit, { close })
    }
  }

  const onAnswer = (answer: RemotingCommand, bytes: Uint8Array) => {
    const hit = hits.get(answer.opaque)
    if (hit === undefined) return down.push(bytes)
    hits.delete(answer.opaque)
    FaultAnswers.give(hit, answer, () => bytes, {
      send: (command) => down.push(command === answer ? bytes : Remoting.encode(command)),
      sendBytes: down.push,
      close,
      later: (millis, run) => later(millis, bytes.length, run),
      random: faults.random
    })
  }

  /** A request of the server to the client. */
  const onPush = (request: RemotingCommand, bytes: Uint8Array) => {
    const hit = faults.take(options.server(), request, peer, "server")
    if (hit === undefined) return down.push(bytes)
    const isOneway = Remoting.isOneway(request)
    switch (hit._tag) {
      case "DropRequest":
        return
      case "Fail":
        if (!isOneway) up.push(Remoting.encode(Remoting.response(request, hit)))
        return
      case "DuplicateRequest":
        down.push(bytes)
        return down.push(bytes)
      case "Freeze":
        return freeze(hit.millis, () => down.push(bytes))
      case "Delay":
        if (isOneway) return later(hit.millis, bytes.length, () => down.push(bytes))
        asked.set(request.opaque, hit)
        return down.push(bytes)
      default:
        if (!isOneway) asked.set(request.opaque, hit)
        down.push(bytes)
        if (isOneway) FaultAnswers.giveNone(hit, { close })
    }
  }

  /** What the client says to a request of the server. */
  const onPushAnswer = (answer: RemotingCommand, bytes: Uint8Array) => {
    const hit = asked.get(answer.opaque)
    if (hit === undefined) return up.push(bytes)
    asked.delete(answer.opaque)
    FaultAnswers.give(hit, answer, () => bytes, {
      send: (command) => up.push(command === answer ? bytes : Remoting.encode(command)),
      sendBytes: up.push,
      close,
      later: (millis, run) => later(millis, bytes.length, run),
      random: faults.random
    })
  }

  const onClientFrame = (bytes: Uint8Array, command: RemotingCommand | undefined) =>
    inTurn(() => {
      if (state !== "Open") return
      if (command === undefined) up.push(bytes)
      else if (Remoting.isResponse(command)) onPushAnswer(command, bytes)
      else onRequest(command, bytes)
    })
  const onServerFrame = (bytes: Uint8Array, command: RemotingCommand | undefined) =>
    inTurn(() => {
      if (state !== "Open") return
      if (command === undefined) return down.push(bytes)
      if (!Remoting.isResponse(command)) return onPush(command, bytes)
      if (options.rewrite === undefined) return onAnswer(command, bytes)
      options.rewrite(command, (other) => {
        if (state !== "Open") return
        if (other === undefined) onAnswer(command, bytes)
        else onAnswer(other, Remoting.encode(other))
      })
    })

  const server = options.connect(
    () => {
      connected = true
      regulate()
    },
    {
      onData: (chunk) => {
        if (state !== "Open") return
        fromServer.push(chunk, onServerFrame)
        regulate()
      },
      onDrain: regulate,
      // the client hears of it when all that came before has
      onClose: () => inTurn(close)
    }
  )
  client.pause()

  return {
    line: {
      id,
      changed: () => {
        up.changed()
        down.changed()
        regulate()
      },
      reset: () => {
        if (state !== "Closed") client.reset()
      },
      halve: () => {
        if (state !== "Open") return
        state = "HalfOpen"
        up.stop()
        down.stop()
        server.destroy()
        client.resume()
      }
    },
    events: {
      onData: (chunk) => {
        if (state !== "Open") return
        fromClient.push(chunk, onClientFrame)
        regulate()
      },
      onDrain: regulate,
      onClose: () => {
        shut()
        down.stop()
        up.whenEmpty(() => server.end())
      }
    }
  }
}
