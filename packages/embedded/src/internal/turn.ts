/**
 * One turn of the event loop of this process: the one thing here that is real time.
 *
 * @since 0.1.0
 */
import { setImmediate } from "node:timers"

/** Runs `go` when what the event loop has at hand was served. */
export const turn = (go: () => void): void => {
  setImmediate(go)
}
