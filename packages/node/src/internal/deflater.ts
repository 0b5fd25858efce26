import * as Effect from "effect/Effect"
import * as Zlib from "node:zlib"
import * as Codecs from "./codec.js"

/** As many as Node has threads for them; each holds a quarter of a megabyte. */
const ENGINES = 4

type Done = (result: Effect.Effect<Uint8Array, unknown>) => void

/**
 * One stream of zlib that is reset after each body. To make one for each is what `deflate` and `deflateSync` do, and what
 * costs the most: collecting them held up the event loop for longer than the compression itself.
 */
class Engine {
  private readonly stream: Zlib.Deflate
  private parts: Array<Buffer> = []
  private done: Done | undefined = undefined
  isBroken = false

  constructor(level: number) {
    this.stream = Zlib.createDeflate({ level })
    this.stream.on("data", (part: Buffer) => this.parts.push(part))
    this.stream.on("error", (error) => {
      this.isBroken = true
      this.end(Effect.fail(error))
    })
  }

  deflate(bytes: Uint8Array, done: Done): void {
    this.done = done
    this.stream.write(bytes)
    this.stream.flush(Zlib.constants.Z_FINISH, () => {
      if (this.isBroken) return
      const { parts } = this
      this.stream.reset()
      this.end(Effect.succeed(Codecs.plain(parts.length === 1 ? parts[0]! : Buffer.concat(parts))))
    })
  }

  private end(result: Effect.Effect<Uint8Array, unknown>): void {
    const { done } = this
    this.parts = []
    this.done = undefined
    done?.(result)
  }
}

interface Job {
  readonly bytes: Uint8Array
  readonly level: number
  readonly resume: Done
}

/**
 * Deflates on Node's threads, a few bodies at a time, so that the event loop goes on whatever many senders do at once.
 *
 * @internal
 */
export const make = (): (bytes: Uint8Array, level: number) => Effect.Effect<Uint8Array, unknown> => {
  const idle = new Map<number, Array<Engine>>()
  // a Semaphore looks at all that wait whenever one is done
  const waiting = new Set<Job>()
  let busy = 0

  const start = ({ bytes, level, resume }: Job): void => {
    busy++
    const others = idle.get(level) ?? []
    idle.set(level, others)
    const engine = others.pop() ?? new Engine(level)
    engine.deflate(bytes, (result) => {
      busy--
      if (!engine.isBroken) others.push(engine)
      for (const next of waiting) {
        waiting.delete(next)
        start(next)
        break
      }
      resume(result)
    })
  }

  return (bytes, level) =>
    Effect.async((resume) => {
      const job = { bytes, level, resume }
      if (busy < ENGINES) return start(job)
      waiting.add(job)
      return Effect.sync(() => {
        waiting.delete(job)
      })
    })
}
