/**
 * A proxy put together: a port for each server behind it, those that it learns from routes included.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Utils from "effect/Utils"
import type { Options, Proxy } from "../FaultProxy.js"
import * as Faults from "./faults.js"
import type { Conditions } from "./flow.js"
import * as Flows from "./flow.js"
import { nameServerName, serverName } from "./names.js"
import type { Line } from "./proxyLine.js"
import * as Lines from "./proxyLine.js"
import * as Routes from "./proxyRoutes.js"
import * as Recorder from "./recorder.js"
import * as Tcp from "./tcp.js"
import * as Timers from "./timers.js"

/** A server behind the proxy. */
interface Upstream {
  name: string
  readonly address: string
  readonly isNameServer: boolean
  /** Where the proxy listens for it; undefined until it does. */
  proxyAddress: string | undefined
  readonly lines: Set<Line>
}

export const make = <E>(
  options: Options,
  listenError: (address: string, cause: Error) => E
): Effect.Effect<Proxy, E, Scope.Scope> =>
  Effect.gen(function*() {
    const host = options.host ?? "127.0.0.1"
    const sockets = yield* Tcp.sockets
    const timers = yield* Timers.make
    const generator = new Utils.PCGRandom(yield* Random.nextInt)
    const faults = Faults.make({ now: timers.now, random: () => generator.number() })
    const recorder = Recorder.make(options.recordedRequests ?? 1000)
    const upstreams = new Map<string, Upstream>()
    /** By name, because it may be set before the server is known. */
    const networks = new Map<string, Conditions>()
    let connectionIds = 0

    const take = (upstream: Upstream) => (client: Tcp.Socket): Tcp.SocketEvents => {
      const conditions = () => networks.get(upstream.name)
      if (conditions()?.refuse) {
        client.reset()
        return { onData: () => {}, onDrain: () => {}, onClose: () => {} }
      }
      const id = connectionIds++
      const { events, line } = Lines.make({
        id,
        server: () => upstream.name,
        client,
        connect: (opened, events) => sockets.connect(upstream.address, opened, events),
        timers,
        faults,
        conditions,
        onRequest: (request) => recorder.add(upstream.name, request, id, timers.now()),
        rewrite: upstream.isNameServer ? rewrite : undefined,
        onClose: () => upstream.lines.delete(line)
      })
      upstream.lines.add(line)
      return events
    }
    const open = (upstream: Upstream, port: number, ready: (failure: Error | undefined) => void) =>
      sockets.open(host, port, take(upstream), (result) => {
        if (typeof result === "number") upstream.proxyAddress = Tcp.hostAndPort(host, result)
        ready(typeof result === "number" ? undefined : result)
      })
    const add = (name: string, address: string, isNameServer: boolean): Upstream => {
      const upstream = { name, address, isNameServer, proxyAddress: undefined, lines: new Set<Line>() }
      upstreams.set(address, upstream)
      return upstream
    }

    /** Ports are opened one after the other, so that two answers with one new broker open one. */
    let opening: Array<(done: () => void) => void> = []
    const next = () => {
      const first = opening[0]
      if (first === undefined) return
      first(() => {
        opening = opening.slice(1)
        next()
      })
    }
    const inLine = (task: (done: () => void) => void) => {
      opening.push(task)
      if (opening.length === 1) next()
    }
    const learn = ({ address, brokerId, brokerName: name }: Routes.Found) => {
      const known = upstreams.get(address)
      if (known !== undefined) known.name = serverName(name, brokerId)
      else {
        const upstream = add(serverName(name, brokerId), address, false)
        inLine((done) => open(upstream, 0, done))
      }
    }
    const rewrite = (answer: RemotingCommand, then: (other: RemotingCommand | undefined) => void) => {
      const { body } = answer
      const found = body === undefined ? [] : Routes.find(body)
      if (body === undefined || found.length === 0) return then(undefined)
      for (const broker of found) learn(broker)
      inLine((done) => {
        const addresses = new Map<string, string>()
        for (const { address, proxyAddress } of upstreams.values()) {
          if (proxyAddress !== undefined) addresses.set(address, proxyAddress)
        }
        then(Remoting.make({ ...answer, body: Routes.replace(body, addresses) }))
        done()
      })
    }

    for (const [index, address] of options.nameServers.entries()) {
      const upstream = add(nameServerName(index), address, true)
      const port = options.port === undefined || options.port === 0 ? 0 : options.port + index
      yield* Effect.async<void, E>((resume) =>
        open(upstream, port, (failure) =>
          resume(failure === undefined ? Effect.void : Effect.fail(listenError(Tcp.hostAndPort(host, port), failure))))
      )
    }
    const nameServerAddresses = Array.from(upstreams.values(), ({ proxyAddress }) =>
      proxyAddress!)

    const linesOf = (name: string): ReadonlyArray<Line> =>
      Array.from(upstreams.values()).filter((upstream) =>
        upstream.name === name
      ).flatMap(({ lines }) =>
        Array.from(lines)
      )
    const onLines = (act: (line: Line) => void) => (name: string): Effect.Effect<void> =>
      Effect.sync(() => {
        for (const line of linesOf(name)) act(line)
      })

    return {
      nameServerAddress: nameServerAddresses[0] ?? "",
      nameServerAddresses,
      servers: Effect.sync(() =>
        Array.from(upstreams.values()).flatMap(({ address, name, proxyAddress }) =>
          proxyAddress === undefined ? [] : [{ name, address, proxyAddress }]
        )
      ),
      inject: (fault) =>
        Effect.sync(() => {
          const active = faults.add(fault)
          return { fault, remove: Effect.sync(active.remove), hits: Effect.sync(active.hits) }
        }),
      network: (name, network) =>
        Effect.sync(() => {
          const conditions = Flows.conditionsOf(network)
          if (conditions === undefined) networks.delete(name)
          else networks.set(name, conditions)
          for (const line of linesOf(name)) line.changed()
        }),
      disconnect: onLines((line) => line.reset()),
      halfOpen: onLines((line) => line.halve()),
      connections: (name) => Effect.sync(() => linesOf(name).length),
      requests: Effect.sync(() => recorder.all()),
      clearRequests: Effect.sync(() => recorder.clear())
    }
  })
