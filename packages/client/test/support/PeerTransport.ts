import * as Transport from "@effect-rocketmq/client/Transport"
import { ConnectionClosedError, ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import type { TransportError } from "@effect-rocketmq/client/TransportError"
import * as Frame from "@effect-rocketmq/protocol/Frame"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import { Deferred, Effect, Layer } from "effect"

/** One end of an accepted connection, in the hands of a test: it reads what the client wrote and answers as it likes. */
export interface Peer {
  readonly address: string
  readonly received: Array<RemotingCommand.RemotingCommand>
  readonly send: (bytes: Uint8Array) => void
  readonly answer: (
    request: RemotingCommand.RemotingCommand,
    response: Parameters<typeof RemotingCommand.response>[1]
  ) => void
  readonly close: () => void
  /** What `write` tells the client from now on; back to true calls `onDrain`. */
  readonly setWritable: (writable: boolean) => void
  readonly closed: () => boolean
}

/** A transport whose peers are scripted by the test. `connects` counts the dials. */
export const make = (options: {
  readonly onConnect?: (address: string) => Effect.Effect<void, TransportError>
  readonly onCommand?: (peer: Peer, command: RemotingCommand.RemotingCommand) => void
} = {}) => {
  const peers: Array<Peer> = []
  const connects: Array<string> = []
  const layer = Layer.succeed(Transport.Transport, {
    connect: (address) =>
      Effect.gen(function*() {
        connects.push(address)
        if (options.onConnect !== undefined) yield* options.onConnect(address)
        const decoder = Frame.makeDecoder()
        let listener: Transport.Listener | undefined
        let writable = true
        let state: Transport.ConnectionState = "Connected"
        const end = (error: ConnectionClosedError) => {
          if (state === "Closed") return
          state = "Closed"
          listener?.onEnd(error)
        }
        const peer: Peer = {
          address,
          received: [],
          send: (bytes) => listener?.onData(bytes),
          answer: (request, response) => peer.send(RemotingCommand.encode(RemotingCommand.response(request, response))),
          close: () => end(new ConnectionClosedError({ address, reason: "PeerClosed", pending: false })),
          setWritable: (value) => {
            writable = value
            if (value) listener?.onDrain()
          },
          closed: () => state === "Closed"
        }
        peers.push(peer)
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => end(new ConnectionClosedError({ address, reason: "ScopeClosed", pending: false })))
        )
        return {
          address,
          localAddress: "memory:1",
          state: () => state,
          write: (bytes) => {
            const failure = decoder.push(bytes, (command) => {
              peer.received.push(command)
              options.onCommand?.(peer, command)
            })
            if (failure !== undefined) throw failure
            return writable
          },
          listen: (value) => {
            listener = value
          },
          destroy: end
        }
      })
  })
  return { layer, peers, connects }
}

/** Nobody listens there. */
export const refused = (address: string) =>
  Effect.fail(new ConnectionFailedError({ address, cause: new Error("connect ECONNREFUSED") }))

/** Nobody ever answers the dial. */
export const silent = Effect.flatMap(Deferred.make<never>(), Deferred.await)
