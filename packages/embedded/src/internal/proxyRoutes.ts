/**
 * Addresses of brokers in the answers of name servers: found, and replaced by those of a proxy.
 *
 * @since 0.1.0
 */
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as Either from "effect/Either"

/** A broker as a route names it. */
export interface Found {
  readonly brokerName: string
  readonly brokerId: number
  readonly address: string
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Deep enough for every answer: a table, of brokers, of addresses. */
const MAX_DEPTH = 8

const collect = (value: LooseJson.Json | undefined, depth: number, found: Array<Found>): void => {
  if (depth > MAX_DEPTH) return
  if (LooseJson.isArray(value)) {
    for (const item of value) collect(item, depth + 1, found)
    return
  }
  if (!LooseJson.isObject(value)) return
  const brokerName = value["brokerName"]
  const addresses = value["brokerAddrs"]
  if (typeof brokerName === "string" && LooseJson.isObject(addresses)) {
    for (const [id, address] of Object.entries(addresses)) {
      if (typeof address === "string") found.push({ brokerName, brokerId: Number(id), address })
    }
  }
  for (const item of Object.values(value)) collect(item, depth + 1, found)
}

/** The brokers that a body names; none when it is no such body. */
export const find = (body: Uint8Array): ReadonlyArray<Found> => {
  const text = decoder.decode(body)
  if (!text.includes("\"brokerAddrs\"")) return []
  const found: Array<Found> = []
  const parsed = LooseJson.parse(text)
  if (Either.isRight(parsed)) collect(parsed.right, 0, found)
  return found
}

/** The same body with other addresses; all else stays as the name server wrote it. */
export const replace = (body: Uint8Array, addresses: ReadonlyMap<string, string>): Uint8Array =>
  encoder.encode(
    decoder.decode(body).replace(/"([^"\\\s]+:\d+)"/g, (quoted: string, address: string) => {
      const other = addresses.get(address)
      return other === undefined ? quoted : `"${other}"`
    })
  )
