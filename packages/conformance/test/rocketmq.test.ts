import * as Targets from "@effect-rocketmq/conformance/Targets"
import { describe, it } from "@effect/vitest"
import { runSuite } from "./run.js"

const nameServers = process.env["ROCKETMQ_NAMESRV_ADDR"]

if (nameServers === undefined || nameServers === "") {
  describe.skip("on Apache RocketMQ", () => {
    it("needs ROCKETMQ_NAMESRV_ADDR, such as 127.0.0.1:9876", () => {})
  })
} else {
  runSuite("on Apache RocketMQ", Targets.rocketmq(nameServers))
}
