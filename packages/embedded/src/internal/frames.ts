/**
 * Whole frames out of a stream of bytes, as they came.
 *
 * @since 0.1.0
 */
import * as Frame from "@effect-rocketmq/protocol/Frame"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"

/** Longer ones are taken for something else than frames: TLS, HTTP. */
const MAX_FRAME = 64 * 1024 * 1024

export interface Splitter {
  /** Hands out what is whole. What is no frame comes as it came, without a command, and so does all behind it. */
  readonly push: (chunk: Uint8Array, onFrame: (bytes: Uint8Array, command: RemotingCommand | undefined) => void) => void
}

const join = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  if (chunks.length === 1) return chunks[0]!
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

const commandOf = (frame: Uint8Array): RemotingCommand | undefined => {
  let found: RemotingCommand | undefined
  Frame.makeDecoder({ maxFrameSize: MAX_FRAME, maxHeaderSize: MAX_FRAME }).push(frame, (command) => {
    found = command
  })
  return found
}

export const make = (): Splitter => {
  let chunks: Array<Uint8Array> = []
  let size = 0
  /** Bytes that make the next step possible: the length word, or the frame. */
  let needed = 4
  let isForeign = false

  return {
    push: (chunk, onFrame) => {
      if (isForeign) return onFrame(chunk, undefined)
      chunks.push(chunk)
      size += chunk.length
      if (size < needed) return
      let rest = join(chunks, size)
      while (rest.length >= 4) {
        needed = 4 + new DataView(rest.buffer, rest.byteOffset).getUint32(0)
        if (needed > MAX_FRAME) {
          isForeign = true
          chunks = []
          return onFrame(rest, undefined)
        }
        if (rest.length < needed) break
        const frame = rest.subarray(0, needed)
        rest = rest.subarray(needed)
        needed = 4
        onFrame(frame, commandOf(frame))
      }
      chunks = rest.length === 0 ? [] : [rest]
      size = rest.length
    }
  }
}
