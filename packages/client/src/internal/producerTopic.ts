import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MessageQueues from "@effect-rocketmq/protocol/MessageQueue"
import type { BrokerHealth, FaultTolerance } from "../FaultTolerance.js"
import type { Chooser, MessageQueueSelector } from "../MessageQueueSelector.js"
import type { TopicRouteNotFoundError } from "../NameServerError.js"
import type { TopicRoute } from "../TopicRoute.js"
import type { SendMeter, SendMeters } from "./sendMeter.js"

/**
 * A queue with all that a send to it needs.
 *
 * @internal
 */
export interface Target {
  readonly queue: MessageQueue
  /** The queue's id as header fields have it. */
  readonly queueId: string
  readonly brokerName: string
  readonly address: string
  readonly health: BrokerHealth
  readonly meter: SendMeter
}

/**
 * What a producer keeps of a topic that it sends to. The targets are those of the last route that had any: when all
 * brokers of a topic are down, name servers say that the topic does not exist, and the brokers come back where they were.
 *
 * @internal
 */
export class ProducerTopic {
  readonly name: string
  readonly choose: Chooser
  /** The snapshot that the targets were made of. */
  route: TopicRoute | undefined = undefined
  targets: ReadonlyArray<Target> = []
  queues: ReadonlyArray<MessageQueue> = []
  /** The brokers of the targets. */
  brokers: ReadonlyArray<BrokerHealth> = []
  /** Set while the topic has no route and its queues are those it will have when a broker creates it. */
  missing: TopicRouteNotFoundError | undefined = undefined
  nextRefresh = 0
  /** Messages that wait for any of the brokers. New ones queue behind them. */
  waiting = 0

  private readonly faults: FaultTolerance
  private readonly meters: SendMeters
  private readonly seed: number
  private readonly choosers = new WeakMap<MessageQueueSelector, Chooser>()

  constructor(
    name: string,
    selector: MessageQueueSelector,
    seed: number,
    faults: FaultTolerance,
    meters: SendMeters
  ) {
    this.name = name
    this.seed = seed
    this.faults = faults
    this.meters = meters
    this.choose = this.chooserOf(selector)
  }

  /** The chooser of a selector that a single call asks for. */
  chooserOf(selector: MessageQueueSelector): Chooser {
    let chooser = this.choosers.get(selector)
    if (chooser === undefined) this.choosers.set(selector, chooser = selector.chooser(this.seed))
    return chooser
  }

  /** Takes a new route of the topic; one without writable queues leaves the last known ones in place. */
  use(route: TopicRoute): void {
    this.route = route
    if (route.writeQueues.length > 0 || this.missing !== undefined) {
      this.missing = undefined
      this.aim(route.writeQueues, route)
    }
  }

  /** Takes the queues that brokers will give the topic when they create it, as the default topic's route has them. */
  useDefault(route: TopicRoute, queuesPerBroker: number, missing: TopicRouteNotFoundError): void {
    this.missing = missing
    this.aim(
      route.readQueues
        .filter((queue) => queue.queueId < queuesPerBroker)
        .map((queue) => MessageQueues.make(this.name, queue.brokerName, queue.queueId)),
      route
    )
  }

  find(queue: MessageQueue): Target | undefined {
    return this.targets.find((target) =>
      target.queue.queueId === queue.queueId && target.brokerName === queue.brokerName
    )
  }

  /** Whether a broker is neither slow nor avoided now. */
  hasQuick(now: number): boolean {
    return this.brokers.some((broker) => broker.state !== "Avoided" && !broker.isSlow(now))
  }

  private aim(queues: ReadonlyArray<MessageQueue>, route: TopicRoute): void {
    const targets: Array<Target> = []
    for (const queue of queues) {
      const address = route.brokers.get(queue.brokerName)?.get(0)
      if (address === undefined) continue
      targets.push({
        queue,
        queueId: String(queue.queueId),
        brokerName: queue.brokerName,
        address,
        health: this.faults.broker(queue.brokerName, address),
        meter: this.meters.meter(this.name, queue.brokerName)
      })
    }
    this.targets = targets
    this.queues = targets.map((target) => target.queue)
    this.brokers = Array.from(new Set(targets.map((target) => target.health)))
  }
}
