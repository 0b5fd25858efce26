import * as Targets from "@effect-rocketmq/conformance/Targets"
import { runVirtual } from "./run.js"

runVirtual("on the embedded broker, in memory and on virtual time", Targets.embedded, ["weak"])
