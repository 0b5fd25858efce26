/**
 * Faults that a test asks for: which requests they hit and how often.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import type { Fault, FaultAction } from "../Fault.js"

export interface Faults {
  readonly add: (fault: Fault) => () => void
  /** What happens to this request; undefined is the ordinary course. Each call counts as one hit. */
  readonly take: (server: string, request: RemotingCommand) => FaultAction | undefined
}

export const make = (): Faults => {
  const active = new Set<{ readonly fault: Fault; skip: number; left: number }>()
  return {
    add: (fault) => {
      const entry = { fault, skip: fault.after ?? 0, left: fault.times ?? Number.POSITIVE_INFINITY }
      active.add(entry)
      return () => active.delete(entry)
    },
    take: (server, request) => {
      if (active.size === 0) return undefined
      for (const entry of active) {
        const { fault } = entry
        if (fault.server !== undefined && fault.server !== server) continue
        if (fault.code !== undefined && fault.code !== request.code) continue
        if (fault.when !== undefined && !fault.when(request)) continue
        if (entry.skip > 0) {
          entry.skip--
          continue
        }
        entry.left--
        if (entry.left <= 0) active.delete(entry)
        return fault.action
      }
      return undefined
    }
  }
}
