import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"
import * as Intervals from "effect/ScheduleIntervals"
import type { BrokerError } from "../BrokerError.js"
import type { Chooser } from "../MessageQueueSelector.js"
import type { FailureClass, RetryPolicy } from "../RetryPolicy.js"
import { backoff } from "../RetryPolicy.js"
import type { Attempt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"
import type { ProducerTopic, Target } from "./producerTopic.js"
import type { ReceiptImpl } from "./sendReceipt.js"

/**
 * A message that was not accepted at its first attempt, or could not have one at once.
 *
 * @internal
 */
export class Job {
  readonly topic: ProducerTopic
  private readonly choose: Chooser
  readonly out: Outgoing
  readonly started: number
  readonly deadline: number
  /** The one queue that it may go to. */
  readonly pinned: MessageQueue | undefined
  readonly attempts: Array<Attempt>
  /** Brokers that failed this message since the last pause. */
  readonly tried = new Set<string>()
  /** How long to wait before one of them is tried again, in milliseconds. */
  pause = 0
  /** The pause is the user's, and comes before anything else. */
  isPauseStrict = false
  /** Stored with less certainty than the broker is set to: the result when no broker does better. */
  weak: ReceiptImpl | undefined = undefined
  /** The states of the schedules that have been stepped. */
  private readonly states = new Map<FailureClass, unknown>()

  constructor(
    topic: ProducerTopic,
    choose: Chooser,
    out: Outgoing,
    started: number,
    deadline: number,
    pinned: MessageQueue | undefined,
    attempts: Array<Attempt>
  ) {
    this.topic = topic
    this.choose = choose
    this.out = out
    this.started = started
    this.deadline = deadline
    this.pinned = pinned
    this.attempts = attempts
  }

  /** Takes the next pause from the schedule of the class; `false` when it allows no other attempt. */
  pauseAfter(policy: RetryPolicy, failure: FailureClass, error: BrokerError, now: number): Effect.Effect<boolean> {
    const own = failure === "Rejected" ? undefined : policy[failure]
    const schedule = own ?? backoff
    const state = this.states.has(failure) ? this.states.get(failure) : schedule.initial
    return Effect.map(schedule.step(now, error, state), ([next, , decision]) => {
      this.states.set(failure, next)
      if (decision._tag === "Done") return false
      this.pause = Math.max(0, Intervals.start(decision.intervals) - now)
      this.isPauseStrict = own !== undefined
      return true
    })
  }

  /** Whether the topic has a broker that has not failed this message yet. */
  hasUntried(): boolean {
    return this.topic.targets.some((target) => !this.tried.has(target.brokerName))
  }

  /** A queue that may be tried now: not of a broker that this message has just failed at, nor of one to be avoided. */
  nextTarget(now: number, probeTimeout: number): Target | undefined {
    const { pinned, topic, tried } = this
    const isFree = (target: Target | undefined): boolean =>
      target !== undefined && !tried.has(target.brokerName) && target.health.tryAcquire(now, probeTimeout)
    if (pinned !== undefined) {
      const target = topic.find(pinned)
      return isFree(target) ? target : undefined
    }
    // by the selector first, so that the brokers that are left share evenly
    for (let i = 0; i < topic.targets.length; i++) {
      const target = topic.targets[this.choose(this.out.message, topic.queues)]
      if (target?.health.isSlow(now) === false && isFree(target)) return target
    }
    return topic.targets.find((target) => !target.health.isSlow(now) && isFree(target)) ?? topic.targets.find(isFree)
  }
}
