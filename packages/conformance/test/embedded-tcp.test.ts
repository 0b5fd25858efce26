import * as Targets from "@effect-rocketmq/conformance/Targets"
import { runSuite } from "./run.js"

runSuite("on the embedded broker, over TCP", Targets.embeddedTcp, ["weak"])
