// Installs the workspace's dependencies when they are missing or older than pnpm-lock.yaml.
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { interruption, pnpm, root } from "./process.mjs"

const read = (file) => {
  try {
    return Fs.readFileSync(file)
  } catch (error) {
    if (error.code === "ENOENT") return undefined
    throw error
  }
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex")

const stamp = Path.join(root, "node_modules", ".effect-rocketmq-installed")

/** What is installed is a function of this. */
export const lockfileHash = () => sha256(Fs.readFileSync(Path.join(root, "pnpm-lock.yaml")))

const installed = () => {
  const wanted = lockfileHash()
  if (read(stamp)?.toString("utf8") === wanted) return true
  // pnpm leaves a copy of the lockfile that it finished with: an install by hand counts too
  const current = read(Path.join(root, "node_modules", ".pnpm", "lock.yaml"))
  return current !== undefined && sha256(current) === wanted
}

const alive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === "EPERM"
  }
}

// node_modules may not exist yet, so the lock lies elsewhere; one for each copy of the repository
const lock = Path.join(Os.tmpdir(), `effect-rocketmq-install-${sha256(root).slice(0, 16)}.lock`)

const acquire = async () => {
  for (let said = false;; await sleep(200)) {
    try {
      Fs.writeFileSync(lock, String(process.pid), { flag: "wx" })
      return
    } catch (error) {
      if (error.code !== "EEXIST") throw error
    }
    const holder = Number(read(lock)?.toString("utf8"))
    // an empty file was created this very moment; its owner's number follows
    if (holder > 0 && !alive(holder)) {
      Fs.rmSync(lock, { force: true })
    } else if (!said) {
      said = true
      process.stderr.write("Waiting for another command that installs dependencies ...\n")
    }
  }
}

/** Has the dependencies of the lockfile there, or ends the process. Whatever it has to say goes to stderr. */
export const install = async () => {
  if (installed()) return
  const [major, minor] = process.versions.node.split(".").map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    process.stderr.write(`Node ${process.versions.node} is too old: 20.19 or newer is needed\n`)
    process.exit(1)
  }
  await acquire()
  let code = 0
  try {
    if (!installed()) code = await installNow()
  } finally {
    Fs.rmSync(lock, { force: true })
  }
  if (code !== 0) process.exit(interruption() ?? 1)
}

const installNow = async () => {
  const started = performance.now()
  process.stderr.write("Installing dependencies (once for each lockfile) ...\n")
  const { code } = await pnpm(
    ["install", "--frozen-lockfile", "--reporter=append-only", "--config.confirmModulesPurge=false"],
    // npm hands its own log level down; pnpm would take `silent` for itself and hide why an install fails
    { stdout: process.stderr, env: { npm_config_loglevel: "warn" } }
  )
  if (code === 0) {
    Fs.writeFileSync(stamp, lockfileHash())
    process.stderr.write(`Installed in ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  } else {
    process.stderr.write("Installing dependencies failed\n")
  }
  return code
}
