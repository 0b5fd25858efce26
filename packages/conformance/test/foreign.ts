/**
 * The clients of others, program by program: what each does and sees on a cluster, case by case. The programs are in
 * ../foreign: one for Java, Go and ali-ons each, with their cases, and the commands of mqadmin. They say what they have
 * observed; that is the same on every cluster, or a difference that is explained in ../foreign/differences.json.
 */
import { Cluster } from "@effect-rocketmq/conformance"
import { RequestHeader } from "@effect-rocketmq/protocol"
import { Effect, Layer } from "effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { cases as commands } from "../foreign/mqadmin.cases.js"
import * as MqAdmin from "../foreign/mqadmin.js"
import { built, classPath, hasJars, jars, javaVersion, spawn } from "./peers.js"
import type { Running } from "./peers.js"

export type Client = "java" | "go" | "node" | "mqadmin"

export interface Case {
  readonly client: Client
  /** Begins with the client. */
  readonly id: string
  readonly title: string
}

/** What came of a case: its facts, and why it failed if it did. */
export interface Result {
  readonly id: string
  readonly ok: boolean
  readonly why?: string
  readonly observed: unknown
}

/** Results by id. */
export type Results = ReadonlyMap<string, Result>

const folder = fileURLToPath(new URL("../foreign/", import.meta.url))
const filesOf = (client: Client, extension: string) =>
  Fs.readdirSync(Path.join(folder, client)).filter((file) => file.endsWith(extension)).sort()

/** The cases of a program, as its sources register them: `add(id, title, …)`. */
const registered = (client: Client, extension: string): ReadonlyArray<Case> =>
  filesOf(client, extension).flatMap((file) => {
    const source = Fs.readFileSync(Path.join(folder, client, file), "utf8")
    return Array.from(
      source.matchAll(/\badd\("([\w.-]+)",\s+"([^"]+)"/g),
      ([, id, title]) => ({ client, id: id!, title: title! })
    )
  })

/** Everything that is run, in the order of the table. */
export const cases: ReadonlyArray<Case> = [
  ...registered("java", ".java"),
  ...registered("go", ".go"),
  ...registered("node", ".mjs"),
  ...commands.map(({ args, id }): Case => ({ client: "mqadmin", id: `mqadmin.${id}`, title: `\`${args.join(" ")}\`` }))
]

const goOptions = {
  cwd: Path.join(folder, "go"),
  env: { ...process.env, CGO_ENABLED: "0", GOPROXY: "off", GOTOOLCHAIN: "local" }
}
const noJava = javaVersion.status === 0 ? "without RocketMQ's jars (npm run rocketmq -- lib)" : "without Java"

/** Why a client cannot run on this machine; undefined when it can. */
export const missing: Readonly<Record<Client, string | undefined>> = {
  java: javaVersion.status === 0 && hasJars ? undefined : noJava,
  go: ChildProcess.spawnSync("go", ["list", "-deps", "."], goOptions).status === 0
    ? undefined
    : "without Go, or its modules (go mod download in packages/conformance/foreign/go)",
  node: undefined,
  mqadmin: javaVersion.status === 0 && hasJars ? undefined : noJava
}

/** Why a case cannot run on this machine: some are about two clients. */
export const missingFor = ({ client, id }: Case): string | undefined => {
  const other = /\.cross\.(?:\w+-)?(java|go|node)$/.exec(id)?.[1] as Client | undefined
  return missing[client] ?? (other === undefined ? undefined : missing[other])
}

const fromInterop = (client: Client, files: ReadonlyArray<string>) =>
  files.map((file) => Path.join("..", "foreign", client, file))

const java = built(
  "foreign-java",
  fromInterop("java", filesOf("java", ".java")),
  () => `${javaVersion.stderr} ${jars}`,
  (path) =>
    spawn("java", [
      ...["--module", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-d", path],
      ...["-cp", classPath.join(Path.delimiter)],
      ...filesOf("java", ".java").map((file) => Path.join(folder, "java", file))
    ])
)

const go = built(
  "foreign-go",
  fromInterop("go", [...filesOf("go", ".go"), "go.mod", "go.sum"]),
  () => String(ChildProcess.spawnSync("go", ["version"], goOptions).stdout),
  (path) => spawn("go", ["build", "-buildvcs=false", "-o", path, "."], goOptions)
)

/** Starts the program of a client; what it writes for itself goes to a folder that is nobody's home. */
const start = (client: "java" | "go" | "node", home: string, args: ReadonlyArray<string>) => {
  switch (client) {
    case "java":
      return Effect.flatMap(java, (path) =>
        spawn("java", [
          ...["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", `-Duser.home=${home}`],
          ...[`-Drocketmq.client.logRoot=${home}`, "-Drocketmq.client.logLevel=ERROR"],
          ...["-cp", `${path}${Path.delimiter}${jars}/*`, "Main", ...args]
        ]))
    case "go":
      return Effect.flatMap(go, (path) => spawn(path, args, { env: { ...process.env, HOME: home } }))
    case "node":
      return spawn(process.execPath, [Path.join(folder, "node", "main.mjs"), ...args])
  }
}

const resultsOf = (running: Running): ReadonlyArray<Result> =>
  running.lines().filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))

/** Runs a program; what it has said until its end, or until it has taken too long, counts. */
const observeProgram = (client: "java" | "go" | "node", args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const home = yield* Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "foreign-"))),
      (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
    )
    const running = yield* start(client, home, args)
    const end = yield* Effect.either(Effect.timeout(running.end, "4 minutes"))
    const results = resultsOf(running)
    return end._tag === "Right" || results.length > 0 ? results : yield* Effect.fail(end.left)
  }).pipe(Effect.scoped)

const observeCommands = (nameServer: string, broker: string, unique: string, isPatient: boolean) =>
  Effect.tryPromise({
    try: () => MqAdmin.run({ nameServer, broker, unique, isPatient }),
    catch: (error) => error instanceof Error ? error : new Error(String(error))
  }).pipe(
    Effect.map((results) => results.map(({ id, observed }): Result => ({ id: `mqadmin.${id}`, ok: true, observed })))
  )

/** What clients made, under names that hold `unique`. */
const remove = (unique: string) =>
  Effect.gen(function*() {
    const { broker, masters, nameServer } = yield* Cluster.Cluster
    const topics = (yield* nameServer.topics).filter((topic) => topic.includes(unique))
    const groups = topics.flatMap((topic) => /^%RETRY%([^_]+)$/.exec(topic)?.slice(1) ?? [])
    for (const { address } of yield* masters) {
      yield* Effect.forEach(groups, (group) => Effect.ignore(broker.deleteGroup(address, group, true)))
      yield* Effect.forEach(topics, (topic) => Effect.ignore(broker.deleteTopic(address, topic)))
    }
    yield* Effect.forEach(
      topics,
      (topic) => Effect.ignore(nameServer.requestAll(RequestHeader.DeleteTopicInNamesrv.make({ topic })))
    )
  })

type Program = "java" | "go" | "node"

/** Runs programs side by side, each with the cases whose ids fit, and takes away what they made. */
const side = (chosen: ReadonlyMap<Program, string>) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const prefix = cluster.topicName()
    // ali-ons cannot send to a topic that is not there
    const topics = registered("node", ".mjs").map(({ id }) => `${prefix}-${id.replaceAll(".", "-")}`)
    yield* Effect.forEach(
      [...topics, `${prefix}-cross-node`, `${prefix}-space%${prefix}-node-send-namespace`],
      (topic) => cluster.createTopic(topic)
    )
    const args = [cluster.nameServers.join(";"), prefix, [...chosen.keys()].join(",")]
    const results = yield* Effect.forEach(
      chosen,
      ([client, wanted]) => observeProgram(client, [...args, wanted]),
      { concurrency: "unbounded" }
    )
    if (cluster.kind === "rocketmq") yield* Effect.ignore(remove(prefix))
    return results.flat()
  })

/** For each program, the ids of the cases to be run again; those that are about two clients go together. */
const failedOf = (ready: ReadonlyArray<Program>, results: ReadonlyArray<Result>): ReadonlyMap<Program, string> => {
  const failed = results.filter(({ ok }) => !ok).map(({ id }) => id)
  const crossing = failed.some((id) => id.includes(".cross."))
  const chosen = new Map<Program, string>()
  for (const client of ready) {
    const ids = failed.filter((id) => id.startsWith(`${client}.`)).map((id) => id.replaceAll(".", "\\."))
    if (crossing) ids.push(`${client}\\.cross\\..*`)
    if (ids.length > 0) chosen.set(client, ids.join("|"))
  }
  return chosen
}

/**
 * Runs all programs that can run here. What fails on Apache RocketMQ, which may be too busy for dozens of clients that start
 * at once, is run again by itself: it is what the embedded broker is measured by. There everything has to hold at once.
 */
const programs: Effect.Effect<ReadonlyArray<Result>, unknown, Cluster.Cluster> = Effect.gen(function*() {
  const cluster = yield* Cluster.Cluster
  const ready = (["java", "go", "node"] as const).filter((client) => missing[client] === undefined)
  const first = yield* side(new Map(ready.map((client) => [client, ".*"])))
  const chosen = failedOf(ready, first)
  if (chosen.size === 0 || cluster.kind !== "rocketmq") return first
  yield* Effect.logWarning(`again: ${[...chosen.values()].join(" ")}`)
  const second = yield* side(chosen)
  return [...first, ...second]
})

const mqadmin: Effect.Effect<ReadonlyArray<Result>, unknown, Cluster.Cluster> = Effect.gen(function*() {
  if (missing.mqadmin !== undefined) return []
  const cluster = yield* Cluster.Cluster
  const [master] = yield* cluster.masters
  return yield* observeCommands(
    cluster.nameServers.join(";"),
    master!.address,
    cluster.topicName(),
    cluster.kind === "rocketmq"
  )
})

/**
 * What all clients do and see on a cluster of one broker. Some commands of mqadmin change the broker: they have one of
 * their own, or wait.
 */
export const observe = <E>(
  target: Layer.Layer<Cluster.Target, E>,
  options: { readonly isEmbedded: boolean }
): Effect.Effect<Results, Error> =>
  Effect.all(
    [programs, mqadmin].map(Effect.provide(Cluster.layer("foreign").pipe(Layer.provide(target)))),
    { concurrency: options.isEmbedded ? 2 : 1 }
  ).pipe(
    Effect.map((results) => new Map(results.flat().map((result) => [result.id, result] as const))),
    Effect.mapError((error) => error instanceof Error ? error : new Error(String(error)))
  )

const readJson = <A>(file: string): Readonly<Record<string, A>> => JSON.parse(Fs.readFileSync(file, "utf8"))

/** Where what Apache RocketMQ gives is kept, by id: written by `npm run foreign`. */
export const recordFile = Path.join(folder, "recorded.json")
export const recorded = (): Readonly<Record<string, unknown>> => readJson(recordFile)

/** What is not the same on the embedded broker, by id, and why. */
export const differences: Readonly<Record<string, string>> = readJson(Path.join(folder, "differences.json"))

export const tableFile = fileURLToPath(new URL("../../embedded/CLIENTS.md", import.meta.url))
