/**
 * Frames on a byte stream: `length`, header word, header, body. Reading is incremental, writing goes into slabs.
 * @since 0.1.0
 */
import { FrameDecoder } from "./internal/frameDecoder.js"
import { FrameWriter } from "./internal/frameWriter.js"
import type { FrameTooLargeError, HeaderTooLargeError, ProtocolError, SerializationError } from "./ProtocolError.js"
import type { RemotingCommand } from "./RemotingCommand.js"

/**
 * Largest frame a decoder takes by default: 32 MiB. Java peers send at most 16 MiB, Python peers 32.
 * @since 0.1.0
 * @category constants
 */
export const defaultMaxFrameSize = 33_554_432

/**
 * Largest header a decoder takes by default: 64 KiB. Message properties (at most 32767 bytes) travel in it.
 * @since 0.1.0
 * @category constants
 */
export const defaultMaxHeaderSize = 65_536

/**
 * Size of a writer's slabs by default: 256 KiB.
 * @since 0.1.0
 * @category constants
 */
export const defaultSlabSize = 262_144

/**
 * Cuts a byte stream into commands.
 * @since 0.1.0
 * @category models
 */
export interface Decoder {
  /**
   * Takes the next bytes of the stream and hands out each command that is whole by them. A command that lies in one chunk
   * is a view of it, so a chunk must not be written to afterwards. `onCommand` must not throw, nor call `push`.
   *
   * Gives the error that ended the stream, if one did; a failed decoder gives that error ever after and hands out nothing.
   */
  readonly push: (chunk: Uint8Array, onCommand: (command: RemotingCommand) => void) => ProtocolError | undefined
}

/**
 * A decoder for one connection. It keeps no more than the bytes received of one frame, whatever the peer announces.
 * @since 0.1.0
 * @category constructors
 */
export const makeDecoder = (options?: {
  /** Largest frame in bytes, its length word included. Default 32 MiB. */
  readonly maxFrameSize?: number | undefined
  /** Largest header in bytes. Default 64 KiB. */
  readonly maxHeaderSize?: number | undefined
}): Decoder =>
  new FrameDecoder(options?.maxFrameSize ?? defaultMaxFrameSize, options?.maxHeaderSize ?? defaultMaxHeaderSize)

/**
 * Encodes commands for one connection, one behind the other.
 *
 * - `write(command)` copies the whole frame, body included. It gives back an error, and has written nothing, when code,
 *   opaque or flag is no 32-bit integer or the frame cannot tell of its size. What the binary layout cannot hold (codes
 *   above 32767) goes as JSON.
 * - `take()` hands out all that was written since the last take as one view, which is not written again before `recycle()`.
 * - `size` is the number of bytes that `take` would give.
 *
 * @since 0.1.0
 * @category models
 */
export class Writer {
  private readonly writer: FrameWriter

  constructor(options?: {
    /** Bytes up to which slabs grow, from 4 KiB; a longer frame gets a larger one. Default 256 KiB. */
    readonly slabSize?: number | undefined
  }) {
    this.writer = new FrameWriter(options?.slabSize ?? defaultSlabSize)
  }

  /**
   * Bytes that `take` would give.
   *
   * @since 0.1.0
   */
  get size(): number {
    return this.writer.size
  }

  /**
   * Copies the whole frame, body included.
   *
   * @since 0.1.0
   */
  write(command: RemotingCommand): SerializationError | HeaderTooLargeError | FrameTooLargeError | undefined {
    return this.writer.write(command)
  }

  /**
   * All that was written since the last take, as one view.
   *
   * @since 0.1.0
   */
  take(): Uint8Array | undefined {
    return this.writer.take()
  }

  /**
   * Says that what was taken is no longer needed: its memory is written again. New memory costs more than what is written
   * into it.
   *
   * @since 0.1.0
   */
  recycle(): void {
    this.writer.recycle()
  }
}

/**
 * A writer for one connection.
 * @since 0.1.0
 * @category constructors
 */
export const makeWriter = (options?: {
  /** Bytes up to which slabs grow, from 4 KiB; a longer frame gets a larger one. Default 256 KiB. */
  readonly slabSize?: number | undefined
}): Writer => new Writer(options)
