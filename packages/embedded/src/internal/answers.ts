/**
 * Answers that many handlers give.
 *
 * @since 0.1.0
 */
import type * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import type { ExtFields } from "@effect-rocketmq/protocol/RemotingCommand"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Bodies from "./bodies.js"
import type { Answer } from "./server.js"

/** Success with this remark, where RocketMQ forgets to set one. */
export const notSet: Answer = { code: ResponseCode.SUCCESS, remark: "not set any response code" }

export const bodyAnswer = (value: LooseJson.Json, extFields?: ExtFields): Answer => ({
  code: ResponseCode.SUCCESS,
  extFields,
  body: Bodies.write(value)
})
