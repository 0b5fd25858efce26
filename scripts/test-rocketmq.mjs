// npm run test:rocketmq: the conformance suite on Apache RocketMQ, the one at ROCKETMQ_NAMESRV_ADDR or else one that is
// started for it, on ports and in a folder of its own, and stopped again whatever happens.
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Cluster from "../packages/testing/rocketmq/cluster.mjs"
import { install } from "./lib/install.mjs"
import { deferSignals, endWithNpm, interruption, root, run, tool } from "./lib/process.mjs"
import { finish, step, vitestCounts, vitestReport } from "./lib/steps.mjs"

endWithNpm()
await install()
deferSignals()

const suite = async (name, env, ...files) => {
  const report = vitestReport(`test-rocketmq-${name}`)
  Fs.rmSync(report, { force: true })
  const { code } = await run(tool("vitest"), [
    "run",
    "--maxConcurrency=16",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...files.map((file) => `packages/conformance/test/${file}.test.ts`),
    ...process.argv.slice(2)
  ], { env })
  const counts = vitestCounts(report)
  // a suite that skips itself although it has a server has shown nothing
  return { code: counts?.passed > 0 ? code : 1, counts }
}

const behaviours = (address) =>
  suite(
    "behaviours",
    { ROCKETMQ_NAMESRV_ADDR: address },
    "rocketmq",
    "interop",
    "requests-interop",
    "shared-group",
    "formats"
  )

// only when asked for: it takes minutes. Alone: some of mqadmin's commands change the broker. The modules of Go come from
// its registry, once; what cannot be had here shows as skipped
const foreign = async (address) => {
  await run("go", ["mod", "download"], { cwd: Path.join(root, "packages/conformance/foreign/go"), capture: true })
  return suite("foreign", { ROCKETMQ_NAMESRV_ADDR: address }, "foreign")
}

// after the behaviours, which would not like it
const restart = (address, dir) =>
  suite("restart", { ROCKETMQ_NAMESRV_ADDR: address, ROCKETMQ_CLUSTER_DIR: dir }, "restart", "weak")

// alone: beside anything else it would measure the machine. It takes minutes of a quiet one, so only when asked for
const failover = (address, dir) =>
  suite("failover", { ROCKETMQ_NAMESRV_ADDR: address, ROCKETMQ_CLUSTER_DIR: dir }, "failover")

const free = (port) =>
  new Promise((resolve) => {
    const server = Net.createServer()
    server.on("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })

/** A base port whose name server and broker ports nobody has; away from the defaults, which may be somebody's cluster. */
const freeBase = async () => {
  for (let base = 29_876; base < 40_000; base += 100) {
    const broker = base + 1035
    const taken = await Promise.all([base, broker - 2, broker, broker + 1].map(free))
    if (taken.every(Boolean)) return base
  }
  throw new Cluster.ClusterError("no free ports from 29876 to 40000")
}

const onOwnCluster = async () => {
  const dir = Fs.mkdtempSync(Path.join(Os.tmpdir(), "rocketmq-test-"))
  try {
    let address
    const isUp = await step("start Apache RocketMQ", async () => {
      try {
        const base = await freeBase()
        address = await Cluster.up({
          auth: false,
          base,
          brokers: 1,
          dir,
          heap: "512m",
          // where all of the suite shares two cores, a send can wait its turn for longer than 200 ms: that is no overload
          sets: ["waitTimeMillsInSendQueue=5000"],
          slaves: false,
          interrupted: () => interruption() !== undefined
        })
        process.stdout.write(`ROCKETMQ_NAMESRV_ADDR=${address}\n`)
        return { code: interruption() ?? 0 }
      } catch (error) {
        if (!(error instanceof Cluster.ClusterError)) throw error
        return { code: 1, output: error.message }
      }
    })
    if (isUp) {
      await step("conformance", () => behaviours(address))
      if (process.env.ROCKETMQ_FOREIGN === "1") await step("clients of others", () => foreign(address))
      await step("restart of the only broker", () => restart(address, dir))
      if (process.env.ROCKETMQ_FAILOVER === "1") {
        await Cluster.down(dir)
        await step("death and return of one of two brokers", () => failover(address, dir))
      }
    }
  } finally {
    await Cluster.down(dir)
    Fs.rmSync(dir, { recursive: true, force: true })
  }
}

const given = process.env.ROCKETMQ_NAMESRV_ADDR
if (given !== undefined && given !== "") {
  await step(`conformance on ${given}`, () => behaviours(given))
  if (process.env.ROCKETMQ_FOREIGN === "1") await step("clients of others", () => foreign(given))
} else await onOwnCluster()

finish("npm run test:rocketmq")
