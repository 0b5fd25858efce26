// node scripts/foreign.mjs: runs the clients of others (packages/conformance/foreign) on the embedded broker and on Apache
// RocketMQ, the one at ROCKETMQ_NAMESRV_ADDR or else one that is started for it, and writes what they have observed:
// packages/conformance/foreign/recorded.json and packages/embedded/CLIENTS.md.
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { install } from "./lib/install.mjs"
import { deferSignals, endWithNpm, interruption, root, run, tool } from "./lib/process.mjs"

endWithNpm()
await install()
deferSignals()

// what a fresh machine has not got yet; without it the table cannot be made, which it says itself
await run("go", ["mod", "download"], { cwd: Path.join(root, "packages/conformance/foreign/go"), capture: true })

const write = (address) =>
  run(tool("tsx"), ["packages/conformance/test/foreign-table.ts"], { env: { ROCKETMQ_NAMESRV_ADDR: address } })

const onOwnCluster = async () => {
  const base = "38876"
  const dir = Fs.mkdtempSync(Path.join(Os.tmpdir(), "rocketmq-foreign-"))
  const rocketmq = (verb) =>
    run("node", ["scripts/rocketmq.mjs", verb, "--base", base, "--dir", dir], { always: verb === "down" })
  try {
    const { code } = await rocketmq("up")
    return code === 0 ? await write(`127.0.0.1:${base}`) : { code }
  } finally {
    await rocketmq("down")
    Fs.rmSync(dir, { recursive: true, force: true })
  }
}

const given = process.env.ROCKETMQ_NAMESRV_ADDR ?? ""
const { code } = given === "" ? await onOwnCluster() : await write(given)
process.exit(interruption() ?? code)
