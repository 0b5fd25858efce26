import * as Frame from "@effect-rocketmq/protocol/Frame"
import { NODE_JS } from "@effect-rocketmq/protocol/LanguageCode"
import type { ProtocolError } from "@effect-rocketmq/protocol/ProtocolError"
import { FrameTooLargeError } from "@effect-rocketmq/protocol/ProtocolError"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as Arr from "effect/Array"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Scheduler } from "effect/Scheduler"
import type { Hook } from "../Remoting.js"
import type { RemotingError } from "../RemotingError.js"
import { RequestTimeoutError, TooManyRequestsError } from "../RemotingError.js"
import type { Connection } from "../Transport.js"
import { ConnectionClosedError } from "../TransportError.js"
import { PendingTable } from "./pendingTable.js"

/** @internal What all channels of one Remoting share. */
export interface Environment {
  readonly clock: Clock.Clock
  readonly scheduler: Scheduler
  readonly requestTimeout: number
  readonly maxInFlight: number
  readonly maxFrameSize: number
  readonly maxHeaderSize: number
  readonly serializeType: RemotingCommand.SerializeType
  readonly hooks: ReadonlyArray<Hook>
  /** Forks into the scope of the connection. */
  readonly fork: (effect: Effect.Effect<void>) => void
  readonly onServerRequest: (channel: Channel, command: RemotingCommand.RemotingCommand) => void
}

/**
 * How long requests may stay unanswered on a connection that brings no byte, in milliseconds, before it is given up. The
 * other end of it may be gone without a word; one that was frozen answers on a new connection as well.
 */
const SILENCE = 10_000

/** A call that the connection cannot take yet. */
interface Waiting {
  readonly request: Request
  readonly started: number
  readonly deadline: number
  readonly go: () => void
  readonly resume: (effect: Effect.Effect<never, RemotingError>) => void
}

interface Pending {
  readonly resume: (effect: Effect.Effect<RemotingCommand.RemotingCommand, RemotingError>) => void
  readonly request: Request
  readonly started: number
  readonly deadline: number
}

/**
 * An open connection that speaks the protocol. Frames written in one turn of the event loop leave in one write; answers
 * complete their request inside the transport's event; deadlines are fields, and one sleeping fiber watches the nearest.
 *
 * @internal
 */
export class Channel {
  readonly address: string
  open = true

  private readonly env: Environment
  private readonly connection: Connection
  private readonly writer: Frame.Writer
  private readonly decoder: Frame.Decoder
  private readonly pending = new PendingTable<Pending>()
  private flushing = false
  private writable = true
  private waiting: Array<Waiting> = []
  private sweepAt = Infinity
  /** When bytes came last. */
  private heardAt: number
  /** When the first request was written that timed out with no byte since. */
  private silentSince = Infinity
  /** Set when the bytes received made no sense: what pending requests fail with. */
  private failure: ProtocolError | undefined = undefined

  private readonly ended: (channel: Channel, error: ConnectionClosedError) => void

  constructor(
    env: Environment,
    connection: Connection,
    ended: (channel: Channel, error: ConnectionClosedError) => void
  ) {
    this.env = env
    this.ended = ended
    this.connection = connection
    this.address = connection.address
    this.heardAt = env.clock.unsafeCurrentTimeMillis()
    this.writer = Frame.makeWriter()
    this.decoder = Frame.makeDecoder({ maxFrameSize: env.maxFrameSize, maxHeaderSize: env.maxHeaderSize })
    connection.listen({
      onData: (chunk) => this.onData(chunk),
      onDrain: () => this.onDrain(),
      onEnd: (error) => this.onEnd(error)
    })
  }

  /** Registers the request and writes it; `resume` gets the answer, or what to do instead. */
  request(
    request: Request,
    timeout: number | undefined,
    resume: (effect: Effect.Effect<RemotingCommand.RemotingCommand, RemotingError>) => void
  ): Effect.Effect<void> | void {
    if (!this.open) return resume(Effect.fail(this.closedBeforeSending()))
    if (!this.writable) {
      return this.wait(request, timeout, resume, (left) => this.request(request, left, resume))
    }
    const env = this.env
    if (this.pending.size >= env.maxInFlight) {
      return resume(Effect.fail(new TooManyRequestsError({ address: this.address, limit: env.maxInFlight })))
    }
    for (let i = 0; i < env.hooks.length; i++) request = env.hooks[i]!.onRequest?.(request, this.address) ?? request
    const opaque = this.pending.next()
    const failed = this.write(request, opaque, 0)
    if (failed !== undefined) return resume(Effect.fail(failed))
    const started = env.clock.unsafeCurrentTimeMillis()
    const deadline = started + (timeout ?? env.requestTimeout)
    this.pending.set(opaque, { resume, request, started, deadline })
    if (deadline < this.sweepAt) this.armSweep(deadline, started)
  }

  /** Writes the request; done when it was handed to the connection, which is at once unless that is full. */
  oneway(request: Request): Effect.Effect<void, RemotingError> {
    if (!this.open) return Effect.fail(this.closedBeforeSending())
    if (!this.writable) {
      return Effect.async((resume) =>
        this.wait(request, undefined, resume, () => resume(Effect.suspend(() => this.oneway(request))))
      )
    }
    const hooks = this.env.hooks
    for (let i = 0; i < hooks.length; i++) request = hooks[i]!.onRequest?.(request, this.address) ?? request
    const failed = this.write(request, this.pending.next(), RemotingCommand.FLAG_ONEWAY)
    return failed === undefined ? Effect.void : Effect.fail(failed)
  }

  /** Answers a request of the server. */
  respond(command: RemotingCommand.RemotingCommand): void {
    if (this.open) this.encode(command)
  }

  /** Gives up requests without an answer; returns how many. */
  abandon(predicate: (request: Request) => boolean): number {
    const fail = (call: Pending | Waiting, pending: boolean): void =>
      call.resume(Effect.fail(new ConnectionClosedError({ address: this.address, reason: "ScopeClosed", pending })))
    const sent = Array.from(this.pending.takeIf(({ request }) => predicate(request)))
    const [left, unsent] = Arr.partition(this.waiting, ({ request }) => predicate(request))
    this.waiting = left
    for (const call of sent) fail(call, true)
    for (const call of unsent) fail(call, false)
    return sent.length + unsent.length
  }

  destroy(error: ConnectionClosedError): void {
    this.connection.destroy(error)
  }

  /** Has the call wait until the connection takes more, within its own time. Gives what takes it out again. */
  private wait(
    request: Request,
    timeout: number | undefined,
    resume: (effect: Effect.Effect<never, RemotingError>) => void,
    go: (left: number) => void
  ): Effect.Effect<void> {
    const clock = this.env.clock
    const started = clock.unsafeCurrentTimeMillis()
    const deadline = started + (timeout ?? this.env.requestTimeout)
    const call: Waiting = {
      request,
      started,
      deadline,
      resume,
      go: () => go(Math.max(0, deadline - clock.unsafeCurrentTimeMillis()))
    }
    this.waiting.push(call)
    if (deadline < this.sweepAt) this.armSweep(deadline, started)
    return Effect.sync(() => {
      this.waiting = this.waiting.filter((other) => other !== call)
    })
  }

  private write(request: Request, opaque: number, flag: number): RemotingError | undefined {
    const env = this.env
    return this.encode({
      code: request.code,
      language: NODE_JS,
      version: 513,
      opaque,
      flag,
      remark: undefined,
      extFields: request.extFields,
      body: request.body,
      serializeType: env.serializeType
    })
  }

  private encode(command: RemotingCommand.RemotingCommand): ProtocolError | undefined {
    const size = command.body === undefined ? 0 : command.body.length
    if (size > this.env.maxFrameSize) return new FrameTooLargeError({ size, limit: this.env.maxFrameSize })
    const failed = this.writer.write(command)
    if (failed !== undefined) return failed
    if (!this.flushing) {
      this.flushing = true
      this.env.scheduler.scheduleTask(this.flush, 0)
    }
    return undefined
  }

  private readonly flush = (): void => {
    this.flushing = false
    const bytes = this.writer.take()
    if (bytes === undefined) return
    if (this.open && !this.connection.write(bytes)) this.writable = false
    if (this.connection.isDrained?.() === true) this.writer.recycle()
  }

  private onDrain(): void {
    this.writable = true
    this.release()
  }

  private release(): void {
    const waiting = this.waiting
    this.waiting = []
    for (const call of waiting) call.go()
  }

  private onData(chunk: Uint8Array): void {
    this.heardAt = this.env.clock.unsafeCurrentTimeMillis()
    this.silentSince = Infinity
    const failure = this.decoder.push(chunk, this.onCommand)
    if (failure === undefined || !this.open) return
    this.failure = failure
    this.destroy(
      new ConnectionClosedError({ address: this.address, reason: "ProtocolError", pending: false, cause: failure })
    )
  }

  private readonly onCommand = (command: RemotingCommand.RemotingCommand): void => {
    if ((command.flag & RemotingCommand.FLAG_RESPONSE) === 0) return this.env.onServerRequest(this, command)
    const entry = this.pending.take(command.opaque)
    // an answer that nobody waits for any more (timed out, or sent twice) is dropped
    if (entry === undefined) return
    const hooks = this.env.hooks
    if (hooks.length > 0) {
      const duration = this.env.clock.unsafeCurrentTimeMillis() - entry.started
      for (const hook of hooks) hook.onResponse?.(entry.request, command, this.address, duration)
    }
    entry.resume(Effect.succeed(command))
  }

  private onEnd(error: ConnectionClosedError): void {
    if (!this.open) return
    this.open = false
    const failure = Effect.fail(
      this.failure ?? new ConnectionClosedError({
        address: this.address,
        reason: error.reason,
        pending: true,
        cause: error.cause
      })
    )
    for (const entry of this.pending.takeIf(() => true)) entry.resume(failure)
    this.release()
    this.ended(this, error)
  }

  private closedBeforeSending(): RemotingError {
    return new ConnectionClosedError({ address: this.address, reason: "PeerClosed", pending: false })
  }

  private armSweep(deadline: number, now: number): void {
    this.sweepAt = deadline
    this.env.fork(
      Effect.sleep(Math.max(0, deadline - now)).pipe(Effect.zipRight(Effect.sync(() => this.sweep(deadline))))
    )
  }

  /** Fails what is overdue and watches the next deadline. A sweep that an earlier one has replaced does nothing. */
  private sweep(armed: number): void {
    if (armed !== this.sweepAt || !this.open) return
    const now = this.env.clock.unsafeCurrentTimeMillis()
    let next = Infinity
    const isOverdue = (call: Pending | Waiting): boolean => {
      if (call.deadline <= now) return true
      if (call.deadline < next) next = call.deadline
      return false
    }
    const fail = (call: Pending | Waiting, written: boolean): void =>
      call.resume(Effect.fail(
        new RequestTimeoutError({
          address: this.address,
          code: call.request.code,
          timeout: call.deadline - call.started,
          written
        })
      ))
    for (const call of this.pending.takeIf(isOverdue)) {
      if (call.started >= this.heardAt && call.started < this.silentSince) this.silentSince = call.started
      fail(call, true)
    }
    if (this.waiting.length > 0) {
      const [left, overdue] = Arr.partition(this.waiting, isOverdue)
      this.waiting = left
      for (const call of overdue) fail(call, false)
    }
    this.sweepAt = Infinity
    if (now - this.silentSince >= SILENCE) {
      this.destroy(new ConnectionClosedError({ address: this.address, reason: "Silent", pending: false }))
    } else if (next < Infinity) this.armSweep(next, now)
  }
}
