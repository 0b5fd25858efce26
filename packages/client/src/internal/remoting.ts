import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Scope from "effect/Scope"
import * as Acl from "../Acl.js"
import type * as Remoting from "../Remoting.js"
import type { RemotingError } from "../RemotingError.js"
import { RemotingClosedError } from "../RemotingError.js"
import { type ConnectionState, Transport } from "../Transport.js"
import type { TransportError } from "../TransportError.js"
import { ConnectionClosedError, ConnectTimeoutError } from "../TransportError.js"
import { registered } from "./acquireRelease.js"
import { Channel, type Environment } from "./channel.js"
import { runner } from "./fibers.js"

type Handler = (request: Remoting.ServerRequest) => Effect.Effect<Remoting.ServerResponse>

/** Connects that failed in a row, and when the next may be tried. */
interface Failures {
  readonly count: number
  readonly retryAt: number
  readonly error: TransportError
}

/** @internal */
export const make = (
  options: Remoting.Options = {}
): Effect.Effect<Remoting.Remoting["Type"], never, Transport | Scope.Scope> =>
  Effect.gen(function*() {
    const transport = yield* Transport
    // forked before the finalizer below is added, so it closes after that has run
    const scope = yield* Effect.flatMap(Effect.scope, (parent) => Scope.fork(parent, ExecutionStrategy.sequential))
    const clock = yield* Effect.clock
    const scheduler = yield* FiberRef.get(FiberRef.currentScheduler)
    const fork = yield* runner()

    const channels = new Map<string, Channel>()
    const dialing = new Map<string, Deferred.Deferred<Channel, RemotingError>>()
    const failures = new Map<string, Failures>()
    const handlers = new Map<number, Handler>()
    const connectListeners = new Set<(address: string) => void>()
    const reconnectDelay = Duration.toMillis(options.reconnectDelay ?? "100 millis")
    const maxReconnectDelay = Duration.toMillis(options.maxReconnectDelay ?? "500 millis")
    let closed = false

    const env: Environment = {
      clock,
      scheduler,
      requestTimeout: Duration.toMillis(options.requestTimeout ?? "3 seconds"),
      maxInFlight: options.maxInFlight ?? 16_384,
      maxFrameSize: options.maxFrameSize ?? 32 * 1024 * 1024,
      maxHeaderSize: options.maxHeaderSize ?? 64 * 1024,
      serializeType: options.serialization === "json" ? RemotingCommand.JSON : RemotingCommand.ROCKETMQ,
      hooks: options.credentials === undefined
        ? options.hooks ?? []
        : [...options.hooks ?? [], Acl.hook(options.credentials, yield* Acl.Hmac)],
      fork: (effect) => void fork(effect),
      onServerRequest: (channel, command) => void fork(serve(channel, command))
    }

    const serve = (channel: Channel, command: RemotingCommand.RemotingCommand): Effect.Effect<void> => {
      const handler = handlers.get(command.code)
      const answer = handler === undefined
        ? Effect.succeed<Remoting.ServerResponse>({
          code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
          remark: ` request type ${command.code} not supported`
        })
        : Effect.catchAllCause(
          Effect.suspend(() => handler({ address: channel.address, command })),
          (cause) =>
            Effect.as(
              Effect.logWarning(`Handling request ${command.code} of ${channel.address} failed`, cause),
              { code: ResponseCode.SYSTEM_ERROR, remark: Cause.pretty(cause) }
            )
        )
      return Effect.map(answer, (response) => {
        if (!RemotingCommand.isOneway(command)) channel.respond(RemotingCommand.response(command, response))
      })
    }

    /** Opens the connection in the layer's own fiber, so that no caller's interruption fails the others. */
    const dial = (address: string): Effect.Effect<Channel, RemotingError> =>
      Effect.suspend(() => {
        if (closed) return Effect.fail(new RemotingClosedError({ address }))
        const channel = channels.get(address)
        if (channel !== undefined) return Effect.succeed(channel)
        const waiting = dialing.get(address)
        if (waiting !== undefined) return Deferred.await(waiting)
        const failed = failures.get(address)
        if (failed !== undefined && clock.unsafeCurrentTimeMillis() < failed.retryAt) return Effect.fail(failed.error)
        return Effect.flatMap(Deferred.make<Channel, RemotingError>(), (result) => {
          dialing.set(address, result)
          const opening = Effect.onExit(open(address), (exit) =>
            Effect.zipRight(
              Effect.sync(() => dialing.delete(address)),
              Exit.isInterrupted(exit)
                ? Deferred.fail(result, new RemotingClosedError({ address }))
                : Deferred.done(result, exit)
            ))
          return Effect.zipRight(
            Effect.forkIn(Effect.interruptible(Effect.exit(opening)), scope),
            Deferred.await(result)
          )
        })
      })

    /** The connection that others may be opening as well; who has less time leaves it to them. */
    const dialWithin = (address: string, timeout: number | undefined): Effect.Effect<Channel, RemotingError> =>
      timeout === undefined ? dial(address) : Effect.timeoutFail(dial(address), {
        duration: timeout,
        onTimeout: () => new ConnectTimeoutError({ address, timeout })
      })

    const open = (address: string): Effect.Effect<Channel, RemotingError> =>
      Effect.flatMap(Scope.fork(scope, ExecutionStrategy.sequential), (connectionScope) =>
        transport.connect(address).pipe(
          Scope.extend(connectionScope),
          Effect.map((connection) => {
            const channel = new Channel(env, connection, (channel, error) => {
              if (channels.get(address) === channel) {
                channels.delete(address)
              }
              fork(Scope.close(connectionScope, Exit.void))
              if (error.reason === "ProtocolError" || error.reason === "Silent") {
                fork(Effect.logWarning(error.message))
              }
            })
            failures.delete(address)
            if (channel.open) {
              channels.set(address, channel)
            }
            for (const listener of connectListeners) {
              listener(address)
            }
            return channel
          }),
          Effect.tapError((error) => {
            const count = (failures.get(address)?.count ?? 0) + 1
            const delay = Math.min(maxReconnectDelay, reconnectDelay * 2 ** (count - 1))
            failures.set(address, { count, retryAt: clock.unsafeCurrentTimeMillis() + delay, error })
            return Scope.close(connectionScope, Exit.void)
          }),
          Effect.onInterrupt(() =>
            Scope.close(connectionScope, Exit.void)
          )
        ))

    const request = (address: string, request: Request, timeout?: number) =>
      Effect.async<RemotingCommand.RemotingCommand, RemotingError>((resume) => {
        const channel = channels.get(address)
        if (channel !== undefined) return channel.request(request, timeout, resume)
        const started = clock.unsafeCurrentTimeMillis()
        resume(Effect.flatMap(dialWithin(address, timeout), (opened) =>
          Effect.async<RemotingCommand.RemotingCommand, RemotingError>((resume) => {
            const left = timeout && Math.max(1, timeout - (clock.unsafeCurrentTimeMillis() - started))
            return opened.request(request, left, resume)
          })))
      })

    const oneway = (address: string, request: Request): Effect.Effect<void, RemotingError> =>
      Effect.suspend(() => {
        const channel = channels.get(address)
        return channel === undefined
          ? Effect.flatMap(dial(address), (opened) =>
            opened.oneway(request))
          : channel.oneway(request)
      })

    const disconnect = (address: string): void =>
      channels.get(address)?.destroy(new ConnectionClosedError({ address, reason: "ScopeClosed", pending: false }))

    // runs before the connections' own scopes close
    yield* registered(() => {}, () => {
      closed = true
      for (const address of Array.from(channels.keys())) {
        disconnect(address)
      }
    })

    return {
      request,
      oneway,
      disconnect: (address) =>
        Effect.sync(() => disconnect(address)),
      abandon: (predicate) =>
        Effect.sync(() => {
          let count = 0
          for (const channel of channels.values()) {
            count += channel.abandon(predicate)
          }
          return count
        }),
      handle: (code, handler) =>
        registered(
          () => handlers.set(code, handler),
          () => {
            if (handlers.get(code) === handler) handlers.delete(code)
          }
        ),
      onConnect: (listener) =>
        registered(() => connectListeners.add(listener), () => connectListeners.delete(listener)),
      state: (address) =>
        Effect.sync((): ConnectionState =>
          channels.has(address) ? "Connected" : dialing.has(address) ? "Connecting" : closed ? "Closed" : "Disconnected"
        ),
      connected: Effect.sync(() => Array.from(channels.keys()))
    }
  })
