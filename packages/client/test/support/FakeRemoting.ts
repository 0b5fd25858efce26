import * as Remoting from "@effect-rocketmq/client/Remoting"
import { type RemotingError, RequestTimeoutError } from "@effect-rocketmq/client/RemotingError"
import { ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { Effect, Layer } from "effect"

export type Answer = Effect.Effect<Remoting.ServerResponse, RemotingError>

export const ok = (body?: Uint8Array, extFields?: RemotingCommand.ExtFields): Answer =>
  Effect.succeed({ code: ResponseCode.SUCCESS, body, extFields })

export const refuse = (code: number, remark?: string): Answer => Effect.succeed({ code, remark })

export const down = (address: string): Answer => Effect.fail(new ConnectionFailedError({ address, cause: "refused" }))

export interface Call {
  readonly address: string
  readonly request: RemotingCommand.Request
}

/** A Remoting that records what is asked and answers as `answer` says; connections open with the first request. */
export const make = (answer: (address: string, request: RemotingCommand.Request) => Answer) => {
  const calls: Array<Call> = []
  const connected = new Set<string>()
  const listeners = new Set<(address: string) => void>()
  const handlers = new Map<number, (request: Remoting.ServerRequest) => Effect.Effect<Remoting.ServerResponse>>()

  const ask = (address: string, request: RemotingCommand.Request) =>
    Effect.suspend(() => {
      calls.push({ address, request })
      return answer(address, request)
    }).pipe(
      // a request fails here because its connection does
      Effect.tapError(() => Effect.sync(() => connected.delete(address)))
    )

  const open = (address: string) => {
    if (connected.has(address)) return
    connected.add(address)
    for (const listener of listeners) listener(address)
  }

  const remoting = Remoting.Remoting.of({
    request: (address, request, timeout) =>
      Effect.suspend(() => {
        open(address)
        const answered = timeout === undefined ? ask(address, request) : Effect.timeoutFail(ask(address, request), {
          duration: timeout,
          onTimeout: () => new RequestTimeoutError({ address, code: request.code, timeout, written: true })
        })
        return Effect.map(answered, (response) => RemotingCommand.response({ opaque: 1 }, response))
      }),
    oneway: (address, request) => Effect.asVoid(ask(address, request)),
    handle: (code, handler) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => handlers.set(code, handler)),
        () => Effect.sync(() => handlers.delete(code))
      )),
    onConnect: (listener) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener))
      )),
    state: (address) => Effect.sync(() => connected.has(address) ? "Connected" : "Disconnected"),
    connected: Effect.sync(() => Array.from(connected)),
    abandon: () => Effect.succeed(0),
    disconnect: (address) => Effect.sync(() => void connected.delete(address))
  })

  return {
    layer: Layer.succeed(Remoting.Remoting, remoting),
    calls,
    /** Addresses asked with this code, in order. */
    asked: (code: number) => calls.filter(({ request }) => request.code === code).map(({ address }) => address),
    clear: () => {
      calls.length = 0
    },
    /** The connection is lost and opened again, by whatever request. */
    reconnect: (address: string) => {
      connected.delete(address)
      open(address)
    },
    /** A broker asks something. */
    serve: (address: string, command: RemotingCommand.RemotingCommand) => {
      const handler = handlers.get(command.code)
      return handler === undefined
        ? Effect.die(`nobody handles ${command.code}`)
        : handler({ address, command })
    }
  }
}
