/**
 * Faults that a test asks for: which requests they hit and how often.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import type { Fault, FaultAction } from "../Fault.js"
import * as RequestFields from "./requestFields.js"

/** The action on one request, with what chance had to decide about it. */
export type Hit = Exclude<FaultAction, { readonly _tag: "Delay" }> | { readonly _tag: "Delay"; readonly millis: number }

/** The connection of a request. */
export interface Peer {
  readonly id: number
  /** Known from its first heartbeat on. */
  readonly clientId: () => string | undefined
}

export interface Active {
  readonly remove: () => void
  readonly hits: () => number
}

export interface Faults {
  readonly add: (fault: Fault) => Active
  /** What happens to this request; undefined is the ordinary course. Each call counts as one hit. */
  readonly take: (
    server: string,
    request: RemotingCommand,
    peer: Peer,
    from?: "client" | "server"
  ) => Hit | undefined
  /** A number from 0 to below 1. */
  readonly random: () => number
}

interface Entry {
  readonly fault: Fault
  readonly until: number
  skip: number
  left: number
  /** Requests that fitted after those that were let through. */
  seen: number
  hits: number
}

const fits = (fault: Fault, server: string, request: RemotingCommand, peer: Peer, from: string): boolean =>
  (fault.from ?? "client") === from &&
  (fault.server === undefined || fault.server === server) &&
  (fault.code === undefined || fault.code === request.code) &&
  (fault.connection === undefined || fault.connection === peer.id) &&
  (fault.client === undefined || fault.client === peer.clientId()) &&
  (fault.topic === undefined || fault.topic === RequestFields.topicOf(request)) &&
  (fault.queue === undefined || fault.queue === RequestFields.queueOf(request)) &&
  (fault.group === undefined || RequestFields.isOfGroup(request, fault.group)) &&
  (fault.when === undefined || fault.when(request))

export const make = (options: {
  readonly now: () => number
  /** A number from 0 to below 1. */
  readonly random: () => number
}): Faults => {
  const { now, random } = options
  const active = new Set<Entry>()

  const isHit = (entry: Entry): boolean => {
    if (entry.skip > 0) {
      entry.skip--
      return false
    }
    const { every = 1, probability = 1 } = entry.fault
    if (++entry.seen % every !== 0) return false
    return probability >= 1 || random() < probability
  }
  const hitOf = (action: FaultAction): Hit =>
    action._tag === "Delay"
      ? { _tag: "Delay", millis: action.min + Math.floor(random() * (action.max - action.min + 1)) }
      : action

  return {
    random,
    add: (fault) => {
      const entry: Entry = {
        fault,
        until: fault.during === undefined ? Number.POSITIVE_INFINITY : now() + fault.during,
        skip: fault.after ?? 0,
        left: fault.times ?? Number.POSITIVE_INFINITY,
        seen: 0,
        hits: 0
      }
      if (entry.left > 0) active.add(entry)
      return { remove: () => void active.delete(entry), hits: () => entry.hits }
    },
    take: (server, request, peer, from = "client") => {
      if (active.size === 0) return undefined
      for (const entry of active) {
        if (now() >= entry.until) {
          active.delete(entry)
          continue
        }
        if (!fits(entry.fault, server, request, peer, from) || !isHit(entry)) continue
        entry.hits++
        if (--entry.left <= 0) active.delete(entry)
        return hitOf(entry.fault.action)
      }
      return undefined
    }
  }
}
