/**
 * Requests of administrators for the broker's configuration.
 *
 * @since 0.1.0
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import { readProperties, writeProperties } from "./brokerConfig.js"
import type { Handler } from "./server.js"
import { answer, ok } from "./server.js"

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const { config } = broker
  const fixed = new Set(["configBlackList", ...(config.get("configBlackList") ?? "").split(";")])

  const read: Handler = () => {
    const version = Bodies.writeVersion(config.version(), config.changedAt())
    return {
      code: ResponseCode.SUCCESS,
      extFields: { version: new TextDecoder().decode(Bodies.write(version)) },
      body: writeProperties(config.entries())
    }
  }

  const update: Handler = ({ request }) => {
    if (request.body === undefined) return ok
    const changes = readProperties(request.body)
    if (Array.from(changes.keys()).some((name) => fixed.has(name))) {
      return answer(ResponseCode.NO_PERMISSION, "Can not update config in black list.")
    }
    config.update(changes)
    return ok
  }

  return [
    [RequestCode.GET_BROKER_CONFIG, read],
    [RequestCode.UPDATE_BROKER_CONFIG, update]
  ]
}
