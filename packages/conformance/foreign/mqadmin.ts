/**
 * Runs the commands of `mqadmin.cases.ts` in one Java process and makes their output comparable.
 */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Readline from "node:readline"
import { fileURLToPath } from "node:url"
import type { Case } from "./mqadmin.cases.js"
import { cases, files } from "./mqadmin.cases.js"

export interface Result {
  readonly id: string
  /** What is compared, by lines. */
  readonly observed: ReadonlyArray<string>
  /** All that the command printed. */
  readonly raw: string
}

const source = fileURLToPath(new URL("./mqadmin/MqAdmin.java", import.meta.url))

const jars = process.env["ROCKETMQ_LIB"] ??
  Path.join(process.env["XDG_CACHE_HOME"] ?? Path.join(Os.homedir(), ".cache"), "rocketmq-runtime-5.5.0", "lib")

/** Whether Java and RocketMQ's jars are on this machine. */
export const isReady = (): boolean =>
  Fs.existsSync(Path.join(jars, ".complete")) && ChildProcess.spawnSync("java", ["-version"]).status === 0

/** Without standing still: the embedded broker may live in this process. */
const compile = (folder: string) =>
  new Promise<void>((resolve, reject) => {
    const classPath = Fs.readdirSync(jars).filter((file) => file.endsWith(".jar")).map((file) => Path.join(jars, file))
    const child = ChildProcess.spawn("java", [
      ...["--module", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-d", folder],
      ...["-cp", classPath.join(Path.delimiter), source]
    ], { stdio: ["ignore", "ignore", "pipe"] })
    let errors = ""
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => errors += chunk)
    child.on("error", reject)
    child.on("close", (code) => code === 0 ? resolve() : reject(new Error(`MqAdmin.java does not compile: ${errors}`)))
  })

/** Lines that say nothing of the cluster. */
const noise = /^\s+at |^\s*\.\.\. \d+ more|^SLF4J|^WARNING|^\s*$/

const common = (names: Readonly<Record<string, string>>): ReadonlyArray<readonly [RegExp, string]> => [
  ...["T", "G", "NS", "BROKER", "FILES"].map((name) =>
    [new RegExp(names[name]!.replace(/[.\\/]/g, "\\$&"), "g"), `$${name}`] as const
  ),
  [/\b127\.0\.0\.1:\d+/g, "<address>"],
  [/\d{4}-\d\d-\d\d[ #]\d\d:\d\d:\d\d([,.:]\d+)?/g, "<time>"],
  [/\b1[678]\d{11}\b/g, "<millis>"],
  [/\b[0-9A-F]{32,56}\b/g, "<id>"],
  [/commitLogOffset=\d+/g, "commitLogOffset=<n>"],
  [/CommitLog Offset: +\d+/g, "CommitLog Offset: <n>"],
  // the name of the topic is part of it
  [/storeSize=\d+/g, "storeSize=<n>"],
  [/(@<id>)@\d+/g, "$1@<n>"],
  [/\b\d+ ?ms\b/g, "<n>ms"],
  [/@[0-9a-f]{5,8}\b/g, "@<hash>"],
  [/\d+@\d+/g, "<instance>"],
  [/\t/g, " "],
  [/ +/g, " "],
  [/ $/g, ""]
]

const normalise = (one: Case, names: Readonly<Record<string, string>>, text: string): ReadonlyArray<string> => {
  const lines = text.split(/\r?\n/).map((line) =>
    common(names).reduce((kept, [pattern, by]) => kept.replace(pattern, by), line)
  ).filter((line) => !noise.test(line) && (one.keep?.test(line) ?? true) && !(one.drop?.test(line) ?? false))
    .map((line) => (one.replace ?? []).reduce((kept, [pattern, by]) => kept.replace(pattern, by), line))
  return one.sort === true ? lines.sort() : lines
}

const sleep = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

/** Runs all commands, in order, against the cluster of a name server. */
export const run = async (options: {
  readonly nameServer: string
  readonly broker: string
  readonly cluster?: string
  /** Makes topics and groups ones that nobody else uses. */
  readonly unique: string
  /** Whether the patience of a case counts: for a broker that may be too busy. */
  readonly isPatient?: boolean
  readonly only?: RegExp
}): Promise<ReadonlyArray<Result>> => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "mqadmin-"))
  const names: Record<string, string> = {
    NS: options.nameServer,
    BROKER: options.broker,
    CLUSTER: options.cluster ?? "DefaultCluster",
    T: `mqadmin-t-${options.unique}`,
    G: `mqadmin-g-${options.unique}`,
    FILES: folder
  }
  const filled = (text: string) => text.replace(/\$([A-Z]+)/g, (whole, name: string) => names[name] ?? whole)
  await compile(folder)
  for (const [name, content] of Object.entries(files)) Fs.writeFileSync(Path.join(folder, name), filled(content))
  const child = ChildProcess.spawn("java", [
    ...["-Djava.security.manager=allow", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    ...[`-Duser.home=${folder}`, "-cp", `${folder}${Path.delimiter}${jars}/*`, "MqAdmin"]
  ], { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, ROCKETMQ_HOME: folder } })
  const lines = Readline.createInterface(child.stdout)[Symbol.asyncIterator]()
  const ask = async (one: Case): Promise<string> => {
    const own = one.args.includes("-n") ? [] : ["-n", "$NS"]
    child.stdin.write(JSON.stringify([...one.args, ...own].map(filled)) + "\n")
    const { value } = await lines.next()
    if (value === undefined) throw new Error(`the Java process ended at ${one.id}`)
    const { err, out } = JSON.parse(value) as { out: string; err: string }
    return out + err
  }
  try {
    const results: Array<Result> = []
    for (const one of cases) {
      if (options.only !== undefined && !options.only.test(one.id) && one.capture === undefined) continue
      if (one.after !== undefined) await sleep(one.after)
      let raw = await ask(one)
      // on a busy machine the client gives a request up too soon
      const isDone = () => !raw.includes("RemotingTimeoutException") && (one.until?.test(raw) ?? true)
      for (let tries = 0; tries < (options.isPatient === true ? one.patience ?? 10 : 10) && !isDone(); tries++) {
        await sleep(1000)
        raw = await ask(one)
      }
      for (const [name, pattern] of Object.entries(one.capture ?? {})) names[name] = pattern.exec(raw)?.[1] ?? "none"
      results.push({ id: one.id, observed: normalise(one, names, raw), raw })
    }
    return results
  } finally {
    child.kill("SIGKILL")
    Fs.rmSync(folder, { recursive: true, force: true })
  }
}
