// Apache RocketMQ on loopback for development and tests; see the usage below.
import * as Path from "node:path"
import { parseArgs } from "node:util"
import * as Cluster from "../packages/testing/rocketmq/cluster.mjs"
import { deferSignals, endWithNpm, interruption } from "./lib/process.mjs"

const usage = `A real Apache RocketMQ 5.5.0 cluster on loopback, without Docker: its jars come from Maven Central.

  npm run rocketmq -- up [--base PORT] [--brokers N] [--slaves] [--auth] [--heap 512m] [--set key=value]... [--dir D]
  npm run rocketmq -- down                  stop everything that was started, and remove its folder
  npm run rocketmq -- kill NAME             kill -9 one server: namesrv, broker-a, broker-b, broker-a-s
  npm run rocketmq -- start NAME            start it again on its old data
  npm run rocketmq -- pause NAME | resume NAME
                                            freeze a server (SIGSTOP), and let it go on (SIGCONT)
  npm run rocketmq -- status                one line for each server
  npm run rocketmq -- mqadmin ARGS...       RocketMQ's admin tool (for the cluster at ROCKETMQ_NAMESRV_ADDR)
  npm run rocketmq -- lib                   print the folder of jars, filling it first
  npm run rocketmq -- check                 say whether a cluster could be started here

--base B (9876) is the name server's port. Broker i (0, 1, ...) listens on B+1035+20*i, that is 10911, 10931, ..., and on
the ports two below and one above it; its slave ten above. --set adds a line to every broker's configuration. With --auth
the administrator is admin / admin-secret, and mqadmin signs with it.
The cluster of each base port has its own folder; --dir or ROCKETMQ_DIR chooses another one. Give the same --base or --dir
to every command that is about that cluster. ROCKETMQ_LIB names a folder of RocketMQ's jars.
\`up\` prints ROCKETMQ_NAMESRV_ADDR=127.0.0.1:B when every broker has registered. Needs Java 17, and Maven once.
`

const fail = (message, code = 1) => {
  process.stderr.write(`rocketmq: ${message}\n`)
  process.exit(code)
}

const wholeNumber = (name, text, least, most) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    fail(`--${name} must be a whole number from ${least} to ${most}, not ${text}`, 2)
  }
  return value
}

const parse = (args) => {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        auth: { type: "boolean", default: false },
        base: { type: "string", default: "9876" },
        brokers: { type: "string", default: "1" },
        dir: { type: "string" },
        heap: { type: "string", default: "512m" },
        help: { type: "boolean", default: false },
        set: { type: "string", multiple: true, default: [] },
        slaves: { type: "boolean", default: false }
      }
    })
  } catch (error) {
    return fail(error.message, 2)
  }
}

const main = async () => {
  const [verb, ...rest] = process.argv.slice(2)
  if (verb === "mqadmin") process.exit(Cluster.mqadmin(rest))
  const { positionals: [name, ...surplus], values } = parse(rest)
  if (verb === undefined || verb === "help" || verb === "--help" || values.help) {
    process.stdout.write(usage)
    process.exit(verb === undefined ? 2 : 0)
  }
  const base = wholeNumber("base", values.base, 1, 64_000)
  const dir = Path.resolve(values.dir ?? Cluster.defaultDir(base))
  const takesName = ["kill", "start", "pause", "resume"].includes(verb)
  if (surplus.length > 0 || (name !== undefined && !takesName)) fail(`${verb}: too many arguments`, 2)
  switch (verb) {
    case "up": {
      endWithNpm()
      deferSignals()
      const address = await Cluster.up({
        base,
        dir,
        auth: values.auth,
        brokers: wholeNumber("brokers", values.brokers, 1, 8),
        heap: values.heap,
        interrupted: () => interruption() !== undefined,
        sets: values.set,
        slaves: values.slaves
      })
      process.stdout.write(`ROCKETMQ_NAMESRV_ADDR=${address}\n`)
      return
    }
    case "down":
      return Cluster.down(dir)
    case "kill":
      return Cluster.kill(dir, name)
    case "start":
      return Cluster.start(dir, name)
    case "pause":
      return Cluster.freeze(dir, name, "SIGSTOP")
    case "resume":
      return Cluster.freeze(dir, name, "SIGCONT")
    case "status":
      process.stdout.write(Cluster.status(dir).map((line) => `${line}\n`).join(""))
      return
    case "lib":
      process.stdout.write(`${Cluster.lib()}\n`)
      return
    case "check": {
      const reason = Cluster.missing()
      return reason === undefined ? undefined : fail(reason)
    }
    default:
      fail(`unknown command ${verb}; npm run rocketmq -- help`, 2)
  }
}

main().catch((error) => {
  if (!(error instanceof Cluster.ClusterError)) throw error
  fail(error.message, interruption())
})
