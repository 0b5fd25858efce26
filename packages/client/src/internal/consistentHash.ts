/**
 * The ring of Java's ConsistentHashRouter: MD5 of names, the first four bytes as a number.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import { Md5 } from "./keyHashMd5.js"

const md5 = new Md5()

const hash = (text: string): number => {
  md5.digest(text)
  // the digest has its lowest byte first
  const word = md5.words[0]!
  return ((word & 0xff) << 24 | (word & 0xff00) << 8 | (word >>> 8) & 0xff00 | word >>> 24) >>> 0
}

/** @internal Places and the members that stand there, in rising order. */
export type Ring = ReadonlyArray<readonly [place: number, member: string]>

/** @internal */
export const ring = (members: ReadonlyArray<string>, virtualNodes: number): Ring => {
  const places = new Map<number, string>()
  for (const member of members) {
    for (let i = 0; i < virtualNodes; i++) places.set(hash(`${member}-${i}`), member)
  }
  return Array.from(places).sort(([a], [b]) => a - b)
}

/** @internal The member at the queue's place or the next one after it. */
export const ownerOf = (ring: Ring, { brokerName, queueId, topic }: MessageQueue): string | undefined => {
  const place = hash(`MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`)
  let from = 0
  let to = ring.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (ring[middle]![0] < place) from = middle + 1
    else to = middle
  }
  return ring[from === ring.length ? 0 : from]?.[1]
}
