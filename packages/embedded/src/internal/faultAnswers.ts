/**
 * What a fault does to the answer of the request that it hit, whoever carries the answer.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type { Part } from "../Fault.js"
import type { Hit } from "./faults.js"

/** The way of an answer to the client. */
export interface Way {
  readonly send: (answer: RemotingCommand) => void
  /** Bytes behind all that was sent, whether they are a frame or not. */
  readonly sendBytes: (bytes: Uint8Array) => void
  /** Closes the connection when all has gone out. */
  readonly close: () => void
  readonly later: (millis: number, run: () => void) => void
  /** A number from 0 to below 1. */
  readonly random: () => number
}

/** Length word, and the word with the length of the header. */
const HEADER_AT = 8

const bounds = (frame: Uint8Array, part: Part): readonly [number, number] => {
  const headerEnd = HEADER_AT + (new DataView(frame.buffer, frame.byteOffset).getUint32(4) & 0xffffff)
  return part === "length" ? [0, 4] : part === "header" ? [HEADER_AT, headerEnd] : [headerEnd, frame.length]
}

/** A copy of a frame in which bytes of a part are inverted: all, or so many at random places. */
export const corrupted = (
  frame: Uint8Array,
  part: Part,
  bytes: number | undefined,
  random: () => number
): Uint8Array => {
  const copy = frame.slice()
  const [start, end] = bounds(copy, part)
  const size = end - start
  if (bytes === undefined || bytes >= size) {
    for (let at = start; at < end; at++) copy[at]! ^= 0xff
    return copy
  }
  const places = new Set<number>()
  while (places.size < bytes) places.add(start + Math.floor(random() * size))
  for (const at of places) copy[at]! ^= 0xff
  return copy
}

/** @param encoded the bytes of the answer, asked for when they are needed */
export const give = (hit: Hit, answer: RemotingCommand, encoded: () => Uint8Array, way: Way): void => {
  switch (hit._tag) {
    case "DropResponse":
      return
    case "Delay":
      return way.later(hit.millis, () => way.send(answer))
    case "Answer":
      return way.send(
        answer.code === ResponseCode.SUCCESS
          ? Remoting.make({ ...answer, code: hit.code, remark: hit.remark })
          : answer
      )
    case "DuplicateResponse":
      way.send(answer)
      return way.send(answer)
    case "Disconnect":
      return way.close()
    case "Cut": {
      const bytes = encoded()
      way.sendBytes(bytes.subarray(0, bytes.length >> 1))
      return way.close()
    }
    case "Corrupt":
      return way.sendBytes(corrupted(encoded(), hit.part, hit.bytes, way.random))
    case "Fail":
    case "DropRequest":
    case "DuplicateRequest":
    case "Freeze":
      return way.send(answer)
  }
}

/** The same for a request that wants no answer, when it was processed. */
export const giveNone = (hit: Hit, way: Pick<Way, "close">): void => {
  if (hit._tag === "Disconnect" || hit._tag === "Cut") way.close()
}
