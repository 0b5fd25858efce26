import { FrameTooLargeError, HeaderTooLargeError, MalformedFrameError } from "../ProtocolError.js"
import type { ProtocolError } from "../ProtocolError.js"
import type { RemotingCommand } from "../RemotingCommand.js"
import { range } from "./bytes.js"
import { readBinary, readJson } from "./headerReader.js"
import { streamHint } from "./streamHint.js"

/** Pieces of a frame shorter than this are copied together, so that a byte-wise peer costs bytes, not objects. */
const smallPiece = 4096

/** Size of the memory that small pieces are copied to, unless the frame needs less. */
const scratchSize = 16384

/** Collects the pieces of one frame and joins them once. */
class Pieces {
  size = 0
  private readonly parts: Array<Uint8Array> = []
  private scratch: Uint8Array = new Uint8Array(0)
  private scratchStart = 0
  private scratchEnd = 0

  /** `rest`: how many bytes the frame still misses, this piece included. */
  add(piece: Uint8Array, rest: number): void {
    this.size += piece.length
    if (piece.length >= smallPiece) {
      this.flush()
      this.parts.push(piece)
      return
    }
    if (this.scratch.length - this.scratchEnd < piece.length) {
      this.flush()
      this.scratch = new Uint8Array(Math.min(rest, scratchSize))
      this.scratchStart = this.scratchEnd = 0
    }
    this.scratch.set(piece, this.scratchEnd)
    this.scratchEnd += piece.length
  }

  join(): Uint8Array {
    this.flush()
    if (this.parts.length === 1) return this.parts[0]!
    const whole = new Uint8Array(this.size)
    let at = 0
    for (const part of this.parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  private flush(): void {
    if (this.scratchEnd === this.scratchStart) return
    this.parts.push(this.scratch.subarray(this.scratchStart, this.scratchEnd))
    this.scratchStart = this.scratchEnd
  }
}

export class FrameDecoder {
  private readonly maxFrameSize: number
  private readonly maxHeaderSize: number
  private failure: ProtocolError | undefined = undefined
  /** Has any frame been read? If not, what does not parse may be another protocol. */
  private begun = false
  /** The first bytes of a frame while they are fewer than the eight that tell its size. */
  private readonly prefix = new Uint8Array(8)
  private prefixSize = 0
  private pieces: Pieces | undefined = undefined
  /** Size of the frame that `pieces` collects. */
  private needed = 0

  constructor(maxFrameSize: number, maxHeaderSize: number) {
    this.maxFrameSize = maxFrameSize
    this.maxHeaderSize = maxHeaderSize
  }

  push(received: Uint8Array, onCommand: (command: RemotingCommand) => void): ProtocolError | undefined {
    if (this.failure !== undefined) return this.failure
    // sockets may hand out a subclass, whose views cost several times as much
    const chunk = received.constructor === Uint8Array
      ? received
      : new Uint8Array(received.buffer, received.byteOffset, received.length)
    const size = chunk.length
    let at = 0
    while (at < size) {
      if (this.pieces !== undefined) {
        const rest = this.needed - this.pieces.size
        if (size - at < rest) {
          this.pieces.add(at === 0 ? chunk : chunk.subarray(at), rest)
          return undefined
        }
        this.pieces.add(chunk.subarray(at, at + rest), rest)
        at += rest
        const whole = this.pieces.join()
        this.pieces = undefined
        const command = this.read(whole, 0, this.needed)
        if (command === undefined) return this.failure
        onCommand(command)
        continue
      }
      if (this.prefixSize > 0 || size - at < 8) {
        // not the eight bytes at once: gather them
        const count = Math.min(8 - this.prefixSize, size - at)
        for (let i = 0; i < count; i++) this.prefix[this.prefixSize + i] = chunk[at + i]!
        this.prefixSize += count
        at += count
        if (this.prefixSize >= 4 && !this.check(this.prefix, 0, this.prefixSize)) return this.failure
        if (this.prefixSize < 8) return undefined
        this.collect(this.prefix.slice())
        this.prefixSize = 0
        continue
      }
      if (!this.check(chunk, at, size - at)) return this.failure
      if (size - at < this.needed) {
        this.collect(chunk.subarray(at))
        return undefined
      }
      const end = at + this.needed
      const command = this.read(chunk, at, end)
      if (command === undefined) return this.failure
      at = end
      onCommand(command)
    }
    return undefined
  }

  private collect(piece: Uint8Array): void {
    this.pieces = new Pieces()
    this.pieces.add(piece, this.needed)
  }

  /** Reads a whole frame. */
  private read(bytes: Uint8Array, at: number, end: number): RemotingCommand | undefined {
    const bodyStart = at + 8 + (bytes[at + 5]! << 16 | bytes[at + 6]! << 8 | bytes[at + 7]!)
    const body = bodyStart < end ? range(bytes, bodyStart, end - bodyStart) : undefined
    const command = bytes[at + 4] === 0
      ? readJson(bytes, at + 8, bodyStart, body)
      : readBinary(bytes, at + 8, bodyStart, body)
    if (command instanceof MalformedFrameError) {
      this.failure = command
      return undefined
    }
    this.begun = true
    return command
  }

  /** Checks what the first four or eight bytes tell, before anything of that size is kept; notes the frame's size. */
  private check(bytes: Uint8Array, at: number, available: number): boolean {
    const length = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!
    if (length < 4) return this.refuse(bytes, at, available, `a frame has at least 4 bytes, this one ${length}`)
    this.needed = length + 4
    if (this.needed > this.maxFrameSize) {
      const hint = this.hint(bytes, at, available)
      this.failure = new FrameTooLargeError({ size: this.needed, limit: this.maxFrameSize, hint })
      return false
    }
    if (available < 8) return true
    const type = bytes[at + 4]!
    if (type > 1) {
      return this.refuse(bytes, at, available, `serialize type ${type} is neither JSON (0) nor ROCKETMQ (1)`)
    }
    const headerLength = bytes[at + 5]! << 16 | bytes[at + 6]! << 8 | bytes[at + 7]!
    if (headerLength > length - 4) {
      const reason = `a header of ${headerLength} bytes does not fit a frame of ${this.needed} bytes`
      return this.refuse(bytes, at, available, reason)
    }
    if (headerLength === 0) return this.refuse(bytes, at, available, "the frame has no header")
    if (headerLength > this.maxHeaderSize) {
      this.failure = new HeaderTooLargeError({ size: headerLength, limit: this.maxHeaderSize })
      return false
    }
    return true
  }

  private refuse(bytes: Uint8Array, at: number, available: number, reason: string): false {
    this.failure = new MalformedFrameError({ reason, hint: this.hint(bytes, at, available) })
    return false
  }

  private hint(bytes: Uint8Array, at: number, available: number): string | undefined {
    return this.begun ? undefined : streamHint(bytes.subarray(at, at + Math.min(available, 32)))
  }
}
