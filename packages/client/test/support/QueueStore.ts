import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import { Effect, Either } from "effect"
import type { Arrival, Behaviour, ProducerCluster } from "./ProducerCluster.js"

/** A message as a send carries it. */
export interface Content {
  readonly body: string
  readonly uniqueKey: string | undefined
}

/** A message that is stored. */
export interface Stored extends Content {
  readonly offsetId: string
}

const decoder = new TextDecoder()

/** The messages of a send: one, or those of its batch. */
export const contentsOf = ({ request }: Arrival): ReadonlyArray<Content> => {
  const body = request.body ?? new Uint8Array(0)
  const entries = request.extFields["m"] === "true"
    ? Either.getOrThrow(MessageBatch.decode(body))
    : [{ body, properties: MessageProperties.decode(request.extFields["i"] ?? "") }]
  return entries.map((entry) => ({
    body: decoder.decode(entry.body),
    uniqueKey: entry.properties[MessageProperties.UNIQ_KEY]
  }))
}

/** The queues of a broker, which answers as brokers do: with the first offset and the ids of all members. */
export class QueueStore {
  private readonly byId = new Map<number, Array<Stored>>()
  private stored = 0
  readonly put: Behaviour

  constructor(cluster: ProducerCluster, brokerName: string) {
    this.put = (arrival) =>
      Effect.map(cluster.accept(arrival), (result) => {
        const queue = this.byId.get(result.queueId) ?? []
        this.byId.set(result.queueId, queue)
        const queueOffset = BigInt(queue.length)
        const members = contentsOf(arrival).map((content) => ({ ...content, offsetId: `ID${this.stored++}` }))
        for (const member of members) queue.push(member)
        return { ...result, queueOffset, offsetId: members.map(({ offsetId }) => offsetId).join(",") }
      })
    cluster.behave(brokerName, this.put)
  }

  at(queueId: number, offset: bigint): Stored | undefined {
    return this.byId.get(queueId)?.[Number(offset)]
  }

  queues(): ReadonlyArray<ReadonlyArray<Stored>> {
    return Array.from(this.byId.values())
  }
}
