/**
 * The way from one client to the servers of a cluster, where a behaviour can get in between: whatever the cluster is, its
 * brokers are then dead or frozen for that client, and for nobody else.
 *
 * @since 0.1.0
 */
import { Compression } from "@effect-rocketmq/client/Compression"
import * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import type { Connection, Listener } from "@effect-rocketmq/client/Transport"
import { Transport } from "@effect-rocketmq/client/Transport"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import { ConnectionClosedError, ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Cluster } from "./Cluster.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Links {
  /** A client that goes this way. */
  readonly client: Layer.Layer<RocketMQ.RocketMQ, TransportConfigError>
  /** Nobody listens at the address any more, and connections to it are lost. */
  readonly cut: (address: string) => Effect.Effect<void>
  /** What listens there takes bytes and does nothing, as a process that was stopped. */
  readonly freeze: (address: string) => Effect.Effect<void>
  /** All is well again; what was written to a frozen server arrives now. */
  readonly mend: (address: string) => Effect.Effect<void>
}

/** A connection whose bytes wait, in both directions, while it is frozen. */
class Link implements Connection {
  private readonly inner: Connection
  private readonly isFrozen: () => boolean
  private listener: Listener | undefined
  private outgoing: Array<Uint8Array> = []
  private incoming: Array<Uint8Array> = []

  constructor(inner: Connection, isFrozen: () => boolean) {
    this.inner = inner
    this.isFrozen = isFrozen
  }

  get address(): string {
    return this.inner.address
  }

  get localAddress(): string {
    return this.inner.localAddress
  }

  state() {
    return this.inner.state()
  }

  write(bytes: Uint8Array): boolean {
    if (!this.isFrozen()) return this.inner.write(bytes)
    this.outgoing.push(bytes)
    return true
  }

  listen(listener: Listener): void {
    this.listener = listener
    this.inner.listen({
      onData: (chunk) => {
        if (this.isFrozen()) this.incoming.push(chunk)
        else listener.onData(chunk)
      },
      onEnd: listener.onEnd,
      onDrain: listener.onDrain
    })
  }

  destroy(error: ConnectionClosedError): void {
    this.inner.destroy(error)
  }

  thaw(): void {
    const { incoming, outgoing } = this
    this.incoming = []
    this.outgoing = []
    for (const bytes of outgoing) this.inner.write(bytes)
    for (const chunk of incoming) this.listener?.onData(chunk)
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Links, never, Cluster> = Effect.gen(function*() {
  const cluster = yield* Cluster
  const states = new Map<string, "Cut" | "Frozen">()
  const links = new Set<Link>()

  const to = (address: string): ReadonlyArray<Link> => Array.from(links).filter((link) => link.address === address)

  const connect = (inner: Transport["Type"]): Transport["Type"]["connect"] => (address) =>
    Effect.suspend(() => {
      if (states.get(address) === "Cut") {
        return Effect.fail(new ConnectionFailedError({ address, cause: new Error("nobody listens") }))
      }
      return Effect.flatMap(inner.connect(address), (connection) => {
        const link = new Link(connection, () => states.get(address) === "Frozen")
        links.add(link)
        return Effect.as(Effect.addFinalizer(() => Effect.sync(() => links.delete(link))), link)
      })
    })

  const transport = Layer.merge(
    Layer.effect(Transport, Effect.map(Transport, (inner) => Transport.of({ connect: connect(inner) }))),
    Layer.effect(Compression, Compression)
  ).pipe(Layer.provide(cluster.transport))

  return {
    client: RocketMQ.layer({ nameServers: cluster.nameServers }).pipe(Layer.provide(transport), Layer.fresh),
    cut: (address) =>
      Effect.sync(() => {
        states.set(address, "Cut")
        for (const link of to(address)) {
          link.destroy(new ConnectionClosedError({ address, reason: "PeerClosed", pending: false }))
        }
      }),
    freeze: (address) => Effect.sync(() => void states.set(address, "Frozen")),
    mend: (address) =>
      Effect.sync(() => {
        states.delete(address)
        for (const link of to(address)) link.thaw()
      })
  }
})
