/**
 * Options for the usual cases, to start from. A preset is a plain value: spread it, and say what differs.
 *
 * @example
 * import { Producer, ProducerPreset } from "@effect-rocketmq/client"
 *
 * export const Checkout = Producer.layer({ ...ProducerPreset.production, group: "checkout", sendTimeout: "90 seconds" })
 *
 * @since 0.1.0
 */
import * as Schedule from "effect/Schedule"
import type { BrokerError } from "./BrokerError.js"
import type * as Producer from "./Producer.js"

/**
 * Everything about a producer but its group.
 *
 * @since 0.1.0
 * @category models
 */
export type ProducerPreset = Omit<Producer.Options, "group">

/**
 * For a broker on one's own machine: what is wrong shows in seconds, and nothing hides it.
 *
 * - `sendTimeout` 3 s, `attemptTimeout` 1 s: a broker that is not there is an error while one still looks at the screen
 * - `faultTolerance` off: with one broker there is none to go to; one that was started again is found at once
 * - `compression` off: bodies can be read in tools
 * - `whenNotStoreOk` `"fail"`: a broker whose disk or slave is set up wrongly is noticed before production
 * - `shutdownTimeout` 500 ms: programs that start again at each change of a file do not wait for a broker that is down
 *
 * @since 0.1.0
 * @category presets
 */
export const development: ProducerPreset = {
  sendTimeout: "3 seconds",
  attemptTimeout: "1 second",
  faultTolerance: false,
  compression: false,
  whenNotStoreOk: "fail",
  shutdownTimeout: "500 millis"
}

/**
 * For messages that matter, on a cluster that is upgraded and has bad days.
 *
 * - `sendTimeout` 60 s: brokers need some ten to forty seconds for a restart; sends wait and get through
 * - `attemptTimeout` 3 s: a frozen broker costs a message this long, and the next one goes elsewhere
 * - `whenNotStoreOk` `"accept"`: the receipt has the status. `"retry"` would store each message at every broker while a
 *   slave is down, when brokers have the least to spare
 * - `onewayWindow` 256: brokers drop oneway messages that wait in their queue for more than 200 ms; a short queue is not
 *   that late
 * - `shutdownTimeout` 20 s: most sends under way outlive a short outage, and it fits into the 30 s that Kubernetes gives
 *
 * Give it an `outbox`, too: it gets the messages of which nobody knows whether they are stored.
 *
 * @since 0.1.0
 * @category presets
 */
export const production: ProducerPreset = {
  sendTimeout: "60 seconds",
  attemptTimeout: "3 seconds",
  whenNotStoreOk: "accept",
  onewayWindow: 256,
  shutdownTimeout: "20 seconds"
}

/**
 * For many small messages, where a few milliseconds more do not matter.
 *
 * - `autoBatch`: single messages travel together. 5 ms of waiting fill a request of up to 256 messages or 256 KiB, so that
 *   brokers have one request where they had hundreds
 * - `attemptTimeout` 10 s, `sendTimeout` 30 s: a full broker answers late; what it takes twice is load, too
 * - `faultTolerance.latencies` off: under such load answers take half a second now and then, and a broker less makes it
 *   worse for the others. Failed brokers are avoided all the same
 * - `compression.level` 1: large bodies are packed with the least CPU; batches are not packed at all
 * - `onewayWindow` 1024: enough to keep a broker busy for some milliseconds, and an answer for every 512 messages only
 * - `shutdownTimeout` 20 s: there is more under way
 *
 * @since 0.1.0
 * @category presets
 */
export const highThroughput: ProducerPreset = {
  autoBatch: { linger: "5 millis", maxBytes: 256 * 1024, maxCount: 256 },
  sendTimeout: "30 seconds",
  attemptTimeout: "10 seconds",
  faultTolerance: { latencies: false },
  compression: { level: 1 },
  onewayWindow: 1024,
  shutdownTimeout: "20 seconds"
}

/** Pauses of a program that has two seconds. */
const soon: Schedule.Schedule<unknown, BrokerError> = Schedule.union(
  Schedule.exponential("10 millis"),
  Schedule.spaced("100 millis")
)

/**
 * For callers that wait, such as requests of a website: an answer soon, or an error soon.
 *
 * - `sendTimeout` 2 s, `attemptTimeout` 500 ms: three other brokers can be tried when one is frozen
 * - `retryPolicy`: a busy or failing broker is tried again after 10, 20, 40 ms and so on, at most 100 ms
 * - `faultTolerance.latencies`: a broker that took 50 ms is spared while others are quicker, instead of one that took 550
 * - `faultTolerance.probeInterval` 50 ms: one that comes back is used again at once
 * - `autoBatch` and `compression` off: nothing waits, and no CPU is spent on the way
 * - `shutdownTimeout` 2 s: nothing lasts longer
 *
 * @since 0.1.0
 * @category presets
 */
export const lowLatency: ProducerPreset = {
  sendTimeout: "2 seconds",
  attemptTimeout: "500 millis",
  retryPolicy: { Busy: soon, Unavailable: soon, Failed: soon },
  faultTolerance: {
    probeInterval: "50 millis",
    latencies: [
      { atLeast: "50 millis", avoidFor: "500 millis" },
      { atLeast: "200 millis", avoidFor: "1 second" },
      { atLeast: "500 millis", avoidFor: "2 seconds" },
      { atLeast: "2 seconds", avoidFor: "10 seconds" }
    ]
  },
  autoBatch: false,
  compression: false,
  shutdownTimeout: "2 seconds"
}
