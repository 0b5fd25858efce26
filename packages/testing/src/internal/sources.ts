/**
 * Where the servers of a test come from.
 *
 * @since 0.1.0
 */
import * as RocketMQ from "#rocketmq"
import { Compression } from "@effect-rocketmq/client/Compression"
import { Transport } from "@effect-rocketmq/client/Transport"
import * as Embedded from "@effect-rocketmq/embedded/Embedded"
import * as EmbeddedCluster from "@effect-rocketmq/embedded/EmbeddedCluster"
import type { ListenError } from "@effect-rocketmq/embedded/EmbeddedServer"
import * as FaultProxy from "@effect-rocketmq/embedded/FaultProxy"
import * as NodeCompression from "@effect-rocketmq/node/NodeCompression"
import * as NodeTransport from "@effect-rocketmq/node/NodeTransport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs/promises"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import { RocketMQStartError } from "../RocketMQStartError.js"
import type { ExternalOptions, RocketMQOptions } from "../TestCluster.js"
import * as Events from "./events.js"
import type { Servers } from "./testCluster.js"

/** Events that are kept. */
const REMEMBERED = 200

export const startEmbedded = (
  options: EmbeddedCluster.Options
): Effect.Effect<Servers, never, Scope.Scope> =>
  Effect.gen(function*() {
    const cluster = yield* EmbeddedCluster.make(options)
    const events = yield* cluster.latestEvents(REMEMBERED)
    return {
      nameServers: [cluster.nameServerAddress],
      services: Embedded.services(cluster),
      inject: cluster.inject,
      network: cluster.network,
      kill: cluster.kill,
      start: cluster.start,
      freeze: cluster.freeze,
      unfreeze: cluster.unfreeze,
      requests: cluster.requests,
      events,
      outlives: false
    }
  })

const sockets = () => Context.add(Context.make(Transport, NodeTransport.make()), Compression, NodeCompression.make())

/** Faults are made on the way: clients go through a proxy, and nobody else does. */
const behindProxy = (
  nameServers: ReadonlyArray<string>,
  power: Pick<Servers, "kill" | "start" | "freeze" | "unfreeze" | "outlives">
): Effect.Effect<Servers, ListenError, Scope.Scope> =>
  Effect.map(FaultProxy.make({ nameServers }), (proxy) => ({
    nameServers: proxy.nameServerAddresses,
    services: sockets(),
    inject: proxy.inject,
    network: proxy.network,
    requests: proxy.requests,
    events: Effect.map(proxy.requests, Events.ofRequests),
    ...power
  }))

const cannot = (what: string) => () =>
  Effect.dieMessage(`A cluster that was not started for the test is not ${what}; take TestCluster.rocketmq() for it`)

export const startExternal = (options: ExternalOptions): Effect.Effect<Servers, ListenError, Scope.Scope> =>
  behindProxy(options.nameServers, {
    kill: cannot("killed"),
    start: cannot("started"),
    freeze: cannot("frozen"),
    unfreeze: cannot("frozen"),
    outlives: true
  })

const attempt = <A>(go: () => Promise<A>): Effect.Effect<A, RocketMQStartError> =>
  Effect.tryPromise({
    try: go,
    catch: (error) => new RocketMQStartError({ reason: error instanceof Error ? error.message : String(error) })
  })

const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.async<boolean>((resume) => {
    const server = Net.createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

/** Below the ports that systems give to connections, of which one could take a server's before it starts. */
const candidate = Random.nextIntBetween(11_000, 31_000)

/** What a cluster listens on: brokers also listen two below and one above their ports, and slaves ten above. */
const portsOf = (base: number, brokers: number): ReadonlyArray<number> => [
  base,
  ...Array.from({ length: brokers }, (_, index) => base + 1035 + 20 * index)
    .flatMap((port) => [port - 2, port, port + 1, port + 8, port + 10, port + 11])
]

/** A port from which all are free that a cluster takes. */
const freePort = (brokers: number): Effect.Effect<number, RocketMQStartError> =>
  Effect.gen(function*() {
    const base = yield* candidate
    const free = yield* Effect.forEach(portsOf(base, brokers), isFree)
    return free.every(Boolean) ? base : yield* new RocketMQStartError({ reason: `ports above ${base} are taken` })
  }).pipe(Effect.retry({ times: 20 }))

const folder = Effect.acquireRelease(
  attempt(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "rocketmq-test-"))),
  (dir) => Effect.ignore(attempt(() => Fs.rm(dir, { recursive: true, force: true })))
)

export const startRocketMQ = (
  options: RocketMQOptions
): Effect.Effect<Servers, ListenError | RocketMQStartError, Scope.Scope> =>
  Effect.gen(function*() {
    const dir = yield* folder
    const brokers = options.brokers ?? 1
    const base = options.port ?? (yield* freePort(brokers))
    const on = (change: (dir: string, broker: string) => unknown) => (broker: string): Effect.Effect<void> =>
      Effect.asVoid(Effect.orDie(attempt(async () => change(dir, broker))))
    const nameServer = yield* Effect.acquireReleaseInterruptible(
      Effect.async<string, RocketMQStartError>((resume, signal) => {
        RocketMQ.up({
          auth: false,
          base,
          brokers,
          dir,
          heap: options.heap ?? "512m",
          interrupted: () => signal.aborted,
          sets: Object.entries(options.settings ?? {}).map(([key, value]) => `${key}=${value}`),
          slaves: options.slaves ?? false
        }).then(
          (address) => resume(Effect.succeed(address)),
          (error: unknown) =>
            resume(Effect.fail(
              new RocketMQStartError({ reason: error instanceof Error ? error.message : String(error) })
            ))
        )
      }),
      () => Effect.ignore(attempt(() => RocketMQ.down(dir)))
    )
    return yield* behindProxy([nameServer], {
      kill: on(RocketMQ.kill),
      start: on(RocketMQ.start),
      freeze: on((dir, broker) => RocketMQ.freeze(dir, broker, "SIGSTOP")),
      unfreeze: on((dir, broker) => RocketMQ.freeze(dir, broker, "SIGCONT")),
      outlives: false
    })
  })
