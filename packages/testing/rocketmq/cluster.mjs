// An Apache RocketMQ cluster on loopback without Docker: one JVM for the name server and one for each broker, all of
// whose files lie in one folder. No dependencies. The programs are found again by the process ids in that folder.
import { execFileSync, spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"

/** Something the user can mend: shown without a stack. */
export class ClusterError extends Error {}

const host = "127.0.0.1"

const pom = fileURLToPath(new URL("pom.xml", import.meta.url))

const never = () => false

/** One folder for each base port, so that clusters on different ports live side by side. */
export const defaultDir = (base) => process.env.ROCKETMQ_DIR ?? Path.join(Os.tmpdir(), `rocketmq-cluster-${base}`)

const libDir = () =>
  process.env.ROCKETMQ_LIB ??
    Path.join(process.env.XDG_CACHE_HOME ?? Path.join(Os.homedir(), ".cache"), "rocketmq-runtime-5.5.0", "lib")

const onPath = (command) => spawnSync(command, ["-version"], { stdio: "ignore" }).error === undefined

// a folder named by ROCKETMQ_LIB may have been filled by other means
const filled = (dir) =>
  Fs.existsSync(Path.join(dir, ".complete")) ||
  (process.env.ROCKETMQ_LIB !== undefined && Fs.existsSync(dir) &&
    Fs.readdirSync(dir).some((jar) => /^rocketmq-broker-.*\.jar$/.test(jar)))

/** What keeps a cluster from starting on this machine, if anything does. */
export const missing = () => {
  if (!onPath("java")) return "Java 17 or newer is needed (java is not on the PATH)"
  if (!filled(libDir()) && !onPath("mvn")) {
    return "Maven is needed once to fetch RocketMQ's jars (mvn is not on the PATH), or ROCKETMQ_LIB, a folder of them"
  }
}

/** The folder of RocketMQ's jars; Maven fills it the first time. */
export const lib = () => {
  const dir = libDir()
  const reason = missing()
  if (reason !== undefined) throw new ClusterError(reason)
  if (filled(dir)) return dir
  Fs.mkdirSync(dir, { recursive: true })
  process.stderr.write(`Fetching the jars of Apache RocketMQ into ${dir} (once) ...\n`)
  try {
    execFileSync("mvn", ["-q", "-B", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${dir}`], {
      stdio: ["ignore", 2, 2]
    })
  } catch {
    throw new ClusterError("Maven could not fetch the jars")
  }
  Fs.writeFileSync(Path.join(dir, ".complete"), "")
  return dir
}

const read = (file) => Fs.existsSync(file) ? Fs.readFileSync(file, "utf8") : undefined

/** The command line of a running process; undefined for one that has ended, reaped or not. */
const commandOf = (pid) => {
  if (process.platform === "linux") {
    try {
      return Fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() || undefined
    } catch {
      return undefined
    }
  }
  const { stdout } = spawnSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8" })
  return stdout.trim() || undefined
}

const pidFile = (dir, name) => Path.join(dir, name, "pid")

/** The process id of a server that runs. Ids are used again by the system: the command line must name our folder. */
const running = (dir, name) => {
  const pid = Number(read(pidFile(dir, name)))
  return pid > 0 && commandOf(pid)?.includes(Path.join(dir, name)) ? pid : undefined
}

const connectable = (port) =>
  new Promise((resolve) => {
    const socket = Net.connect({ host, port })
    socket.on("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })

/** The name server's answer to "which brokers do you know" (request 106), as text. */
const clusterInfo = (base) =>
  new Promise((resolve) => {
    const header = Buffer.from(JSON.stringify({ code: 106, flag: 0, language: "OTHER", opaque: 1, version: 475 }))
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32BE(4 + header.length, 0)
    lengths.writeUInt32BE(header.length, 4)
    const chunks = []
    const socket = Net.connect({ host, port: base }, () => socket.write(Buffer.concat([lengths, header])))
    socket.setTimeout(1000, () => socket.destroy())
    socket.on("error", () => undefined)
    socket.on("data", (chunk) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length >= 4 && all.length >= 4 + all.readUInt32BE(0)) socket.destroy()
    })
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")))
  })

const logTail = (dir, name) => (read(Path.join(dir, name, "log")) ?? "").trimEnd().split("\n").slice(-20).join("\n")

/** Waits until a server that was launched serves, or says why it does not. */
const ready = async (dir, base, { name, port }, interrupted = never) => {
  const deadline = Date.now() + 60_000
  const until = async (what, done) => {
    while (!await done()) {
      if (interrupted()) throw new ClusterError("interrupted")
      if (running(dir, name) === undefined) {
        throw new ClusterError(`${name} ended while starting:\n${logTail(dir, name)}`)
      }
      if (Date.now() > deadline) throw new ClusterError(`${name} did not ${what} in 60 s; see ${dir}/${name}/log`)
      await sleep(50)
    }
  }
  await until(`open port ${port}`, () => connectable(port))
  if (name === "namesrv") return
  await until("register with the name server", async () => (await clusterInfo(base)).includes(`${host}:${port}"`))
}

const launch = (dir, jars, { heap, main, name }) => {
  const home = Path.join(dir, name)
  const log = Fs.openSync(Path.join(home, "log"), "a")
  const child = spawn("java", [
    `-Duser.home=${home}`,
    `-Xms${heap}`,
    `-Xmx${heap}`,
    "-XX:MaxDirectMemorySize=1g",
    "-XX:+UseSerialGC",
    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "-cp",
    Path.join(jars, "*"),
    main,
    "-c",
    Path.join(home, "server.conf")
  ], { cwd: home, detached: true, env: { ...process.env, ROCKETMQ_HOME: home }, stdio: ["ignore", log, log] })
  child.on("error", () => undefined) // the process id is missing then, which `ready` reports
  child.unref()
  Fs.closeSync(log)
  Fs.writeFileSync(pidFile(dir, name), String(child.pid ?? ""))
}

const adminUser = { accessKey: "admin", secretKey: "admin-secret" }

const authentication = {
  authenticationEnabled: true,
  authenticationProvider: "org.apache.rocketmq.auth.authentication.provider.DefaultAuthenticationProvider",
  authenticationMetadataProvider:
    "org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider",
  initAuthenticationUser: JSON.stringify({ username: adminUser.accessKey, password: adminUser.secretKey }),
  innerClientAuthenticationCredentials: JSON.stringify(adminUser),
  authorizationEnabled: true,
  authorizationProvider: "org.apache.rocketmq.auth.authorization.provider.DefaultAuthorizationProvider",
  authorizationMetadataProvider: "org.apache.rocketmq.auth.authorization.provider.LocalAuthorizationMetadataProvider"
}

const brokerConfig = (dir, { base, brokerName, id, name, port, role }) => ({
  brokerClusterName: "DefaultCluster",
  brokerName,
  brokerId: id,
  brokerRole: role,
  brokerIP1: host,
  brokerIP2: host,
  listenPort: port,
  haListenPort: port + 1,
  namesrvAddr: `${host}:${base}`,
  registerNameServerPeriod: 10_000,
  storePathRootDir: Path.join(dir, name, "store"),
  storePathCommitLog: Path.join(dir, name, "store", "commitlog"),
  mappedFileSizeCommitLog: 64 * 1024 * 1024,
  flushDiskType: "ASYNC_FLUSH",
  autoCreateTopicEnable: true,
  autoCreateSubscriptionGroup: true,
  enablePropertyFilter: true,
  filterSupportRetry: true,
  recallMessageEnable: true,
  // checks of a transaction after seconds and not a minute, and a disk nearly full is no reason to refuse a test
  transactionCheckInterval: 3000,
  transactionTimeOut: 3000,
  diskMaxUsedSpaceRatio: 99,
  messageDelayLevel: "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"
})

const writeProperties = (file, properties, lines = []) =>
  Fs.writeFileSync(
    file,
    [...Object.entries(properties).map(([key, value]) => `${key}=${value}`), ...lines].map((line) => `${line}\n`).join(
      ""
    )
  )

const stateFile = (dir) => Path.join(dir, "cluster.json")

const state = (dir) => {
  const text = read(stateFile(dir))
  if (text === undefined) throw new ClusterError(`no cluster is up in ${dir}`)
  return JSON.parse(text)
}

const serverOf = (dir, name) => {
  const { base, servers } = state(dir)
  const server = servers.find((server) => server.name === name)
  if (server === undefined) {
    throw new ClusterError(`name one of: ${servers.map((server) => server.name).join(" ")} (got ${name ?? "nothing"})`)
  }
  return { base, server }
}

/** The servers of a cluster, in the order in which they start. */
const plan = ({ base, brokers, heap, slaves }) => {
  const servers = [
    { name: "namesrv", port: base, heap: "256m", main: "org.apache.rocketmq.namesrv.NamesrvStartup", stage: 1 }
  ]
  for (let i = 0; i < brokers; i++) {
    const broker = { brokerName: `broker-${"abcdefgh"[i]}`, heap, main: "org.apache.rocketmq.broker.BrokerStartup" }
    const port = base + 1035 + 20 * i
    const role = slaves ? "SYNC_MASTER" : "ASYNC_MASTER"
    servers.push({ ...broker, name: broker.brokerName, id: 0, port, role, stage: 1 })
    if (slaves) {
      servers.push({ ...broker, name: `${broker.brokerName}-s`, id: 1, port: port + 10, role: "SLAVE", stage: 2 })
    }
  }
  return servers
}

/**
 * Starts a cluster; resolves when every broker has registered. One that cannot start is stopped, and its logs stay; one
 * that was given up meanwhile is removed.
 */
export const up = async (options) => {
  const { auth, base, dir, interrupted = never, sets } = options
  if (Fs.existsSync(stateFile(dir))) {
    throw new ClusterError(`a cluster is up in ${dir} already, or was: rocketmq down --dir ${dir}`)
  }
  const jars = lib()
  const servers = plan(options)
  for (const { name, port } of servers) {
    // a broker also listens for consumers two ports below, and for its slaves one above
    for (const taken of name === "namesrv" ? [port] : [port - 2, port, port + 1]) {
      if (await connectable(taken)) {
        throw new ClusterError(`port ${taken}, for ${name}, is in use: choose another --base (this one is ${base})`)
      }
    }
  }
  for (const server of servers) {
    const home = Path.join(dir, server.name)
    Fs.mkdirSync(Path.join(home, "conf"), { recursive: true })
    const conf = Path.join(home, "server.conf")
    if (server.name === "namesrv") writeProperties(conf, { listenPort: base })
    else {
      const config = brokerConfig(dir, { ...server, base })
      writeProperties(conf, auth ? { ...config, ...authentication } : config, sets)
    }
  }
  Fs.mkdirSync(Path.join(dir, "tools", "conf"), { recursive: true })
  if (auth) {
    Fs.writeFileSync(
      Path.join(dir, "tools", "conf", "tools.yml"),
      Object.entries(adminUser).map(([key, value]) => `${key}: ${value}\n`).join("")
    )
  }
  Fs.writeFileSync(stateFile(dir), JSON.stringify({ base, servers }, undefined, 2))
  try {
    // a broker takes longer to start than the name server, so they start together; a slave asks for its master's address
    for (const stage of [1, 2]) {
      const starting = servers.filter((server) => server.stage === stage)
      for (const server of starting) launch(dir, jars, server)
      await Promise.all(starting.map((server) => ready(dir, base, server, interrupted)))
    }
  } catch (error) {
    if (!interrupted()) await stopAll(dir)
    else await down(dir)
    throw error
  }
  return `${host}:${base}`
}

const signal = (dir, name, signal) => {
  const pid = running(dir, name)
  if (pid === undefined) return false
  process.kill(pid, signal)
  return true
}

// without a chance to wind up (a broker takes more than ten seconds for it): nobody will read its data again
const stopAll = async (dir) => {
  const { servers } = state(dir)
  for (const { name } of servers) signal(dir, name, "SIGKILL")
  for (const { name } of servers) while (running(dir, name) !== undefined) await sleep(20)
}

/** Stops every server of the folder's cluster and removes the folder. */
export const down = async (dir) => {
  if (!Fs.existsSync(stateFile(dir))) return
  await stopAll(dir)
  Fs.rmSync(dir, { recursive: true, force: true })
}

/** kill -9, as a crash; resolves when the port is free again. */
export const kill = async (dir, name) => {
  const { server } = serverOf(dir, name)
  if (!signal(dir, name, "SIGKILL")) throw new ClusterError(`${name} is not running`)
  while (running(dir, name) !== undefined || await connectable(server.port)) await sleep(20)
}

/** Starts a server again, on its old data. */
export const start = async (dir, name) => {
  const { base, server } = serverOf(dir, name)
  if (running(dir, name) !== undefined) throw new ClusterError(`${name} is running already`)
  launch(dir, lib(), server)
  await ready(dir, base, server)
}

/** Freezes a server, or lets it go on: its port stays open, and nothing answers. */
export const freeze = (dir, name, how) => {
  serverOf(dir, name)
  if (!signal(dir, name, how)) throw new ClusterError(`${name} is not running`)
}

/** Name, process id, port and state of every server. */
export const status = (dir) =>
  state(dir).servers.map(({ name, port }) => {
    const pid = running(dir, name)
    return `${name} pid ${pid ?? read(pidFile(dir, name)) ?? "-"} port ${port} ${
      pid === undefined ? "stopped" : "running"
    }`
  })

/** Runs RocketMQ's own admin tool; its exit code. */
export const mqadmin = (args) => {
  const address = process.env.NAMESRV_ADDR ?? process.env.ROCKETMQ_NAMESRV_ADDR ?? `${host}:9876`
  const home = Path.join(defaultDir(/:(\d+)$/.exec(address)?.[1] ?? "9876"), "tools")
  const { status } = spawnSync("java", [
    `-Duser.home=${Os.tmpdir()}`,
    "-Xmx256m",
    "-cp",
    Path.join(lib(), "*"),
    "org.apache.rocketmq.tools.command.MQAdminStartup",
    ...args
  ], { env: { ...process.env, NAMESRV_ADDR: address, ROCKETMQ_HOME: home }, stdio: "inherit" })
  return status ?? 1
}
