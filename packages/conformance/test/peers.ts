/**
 * Clients of other languages as programs, and what they say of messages: interop/JavaPeer.java and interop/gopeer.
 *
 * Java needs RocketMQ's jars (`npm run rocketmq -- lib` fetches them), Go the modules of interop/gopeer/go.mod
 * (`go mod download` there fetches them). Tests fetch nothing: a peer that lacks something is not ready.
 */
import type { MessageExt } from "@effect-rocketmq/client"
import { MessageProperties } from "@effect-rocketmq/protocol"
import { Effect } from "effect"
import type { Scope } from "effect"
import * as ChildProcess from "node:child_process"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

export type Command = "produce" | "consume" | "digest" | "request" | "reply" | "share"

/** A program that runs until it has done what it was told, or until the Scope closes. */
export interface Running {
  /** Waits for this line; fails when the program ends without it. */
  readonly line: (text: string) => Effect.Effect<void, Error>
  /** What it has printed so far, by lines. */
  readonly lines: () => ReadonlyArray<string>
  /** Waits for its end, and gives all that it printed, by lines; fails when the end is not a good one. */
  readonly end: Effect.Effect<ReadonlyArray<string>, Error>
}

export interface Peer {
  readonly language: "Java" | "Go"
  /** Whether all that it needs is on this machine. */
  readonly isReady: boolean
  readonly start: (command: Command, ...args: ReadonlyArray<string>) => Effect.Effect<Running, Error, Scope.Scope>
  readonly run: (command: Command, ...args: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, Error>
}

/** Starts a program that ends with the Scope. */
export const spawn = (
  file: string,
  args: ReadonlyArray<string>,
  options?: ChildProcess.SpawnOptions
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => ChildProcess.spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    (child) => {
      let output = ""
      let errors = ""
      let result: Effect.Effect<ReadonlyArray<string>, Error> | undefined
      const waiting = new Set<() => void>()
      const changed = () => waiting.forEach((look) => look())
      const lines = () => output.trimEnd().split("\n")
      const fail = (reason: string) => {
        result ??= Effect.fail(new Error(`${file} ${args.join(" ")}: ${reason}\n${output}${errors}`))
        changed()
      }
      child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk
        changed()
      })
      child.stderr!.setEncoding("utf8").on("data", (chunk: string) => errors += chunk)
      child.on("error", (error) => fail(error.message))
      child.on("close", (code, signal) => {
        if (code === 0) result = Effect.succeed(lines())
        fail(`ended with ${code ?? signal}`)
      })
      const until = <A>(look: () => Effect.Effect<A, Error> | undefined) =>
        Effect.async<A, Error>((resume) => {
          const again = () => {
            const found = look()
            if (found !== undefined) resume(found)
          }
          waiting.add(again)
          again()
          return Effect.sync(() => waiting.delete(again))
        })
      return {
        lines,
        line: (text) =>
          until<void>(() => {
            if (lines().includes(text)) return Effect.void
            return result && Effect.zipRight(result, Effect.fail(new Error(`${file} ended without a line ${text}`)))
          }),
        end: until(() => result)
      }
    }
  )

const interop = fileURLToPath(new URL("../interop/", import.meta.url))
const cache = fileURLToPath(new URL("../../../node_modules/.cache/effect-rocketmq/", import.meta.url))

/**
 * Builds a program once for each version of its sources, in the folder `interop`, and of its language, and gives the path
 * of what was built.
 */
export const built = (
  name: string,
  sources: ReadonlyArray<string>,
  version: () => string,
  build: (path: string) => Effect.Effect<Running, Error, Scope.Scope>
): Effect.Effect<string, Error> =>
  Effect.suspend(() => {
    const hash = createHash("sha256").update(version())
    for (const file of sources) hash.update(Fs.readFileSync(Path.join(interop, file)))
    const path = Path.join(cache, `${name}-${hash.digest("hex").slice(0, 16)}`)
    if (Fs.existsSync(path)) return Effect.succeed(path)
    // test files build side by side: one of them is in time
    const own = `${path}-${process.pid}`
    return build(own).pipe(
      Effect.flatMap(({ end }) => end),
      Effect.flatMap(() => Effect.ignore(Effect.try(() => Fs.renameSync(own, path)))),
      Effect.map(() => {
        Fs.rmSync(own, { force: true, recursive: true })
        return path
      }),
      Effect.scoped
    )
  })

const makePeer = (
  language: Peer["language"],
  isReady: boolean,
  program: Effect.Effect<string, Error>,
  /** The program and its first arguments. */
  command: (path: string) => readonly [file: string, ...args: ReadonlyArray<string>]
): Peer => {
  const cached = Effect.runSync(Effect.cached(program))
  const start: Peer["start"] = (...args) =>
    Effect.flatMap(cached, (path) => {
      const [file, ...first] = command(path)
      return spawn(file, [...first, ...args])
    })
  return { language, isReady, start, run: (...args) => Effect.scoped(Effect.flatMap(start(...args), ({ end }) => end)) }
}

/** Where the jars of RocketMQ are, or will be. */
export const jars = process.env["ROCKETMQ_LIB"] ??
  Path.join(process.env["XDG_CACHE_HOME"] ?? Path.join(Os.homedir(), ".cache"), "rocketmq-runtime-5.5.0", "lib")
export const hasJars = Fs.existsSync(Path.join(jars, ".complete"))
export const classPath = hasJars
  ? Fs.readdirSync(jars).filter((file) => file.endsWith(".jar")).map((file) => Path.join(jars, file))
  : []
export const javaVersion = ChildProcess.spawnSync("java", ["-version"])

/** The Java client. */
export const java: Peer = makePeer(
  "Java",
  javaVersion.status === 0 && hasJars,
  built("javapeer", ["JavaPeer.java"], () => `${javaVersion.stderr} ${jars}`, (path) =>
    spawn("java", [
      ...["--module", "jdk.compiler/com.sun.tools.javac.Main"],
      ...["-nowarn", "-d", path, "-cp", classPath.join(Path.delimiter), Path.join(interop, "JavaPeer.java")]
    ])),
  // it starts sooner without a second compiler, and two processors are enough
  (path) => [
    "java",
    ...["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    ...["-cp", `${path}${Path.delimiter}${jars}/*`, "JavaPeer"]
  ]
)

const gopeer = {
  cwd: Path.join(interop, "gopeer"),
  env: { ...process.env, CGO_ENABLED: "0", GOPROXY: "off", GOTOOLCHAIN: "local" }
}

/** The Go client. */
export const go: Peer = makePeer(
  "Go",
  ChildProcess.spawnSync("go", ["list", "-deps", "."], gopeer).status === 0,
  built(
    "gopeer",
    ["gopeer/main.go", "gopeer/go.mod", "gopeer/go.sum"],
    () => String(ChildProcess.spawnSync("go", ["version"], gopeer).stdout),
    (path) => spawn("go", ["build", "-buildvcs=false", "-o", path, "."], gopeer)
  ),
  (path) => [path]
)

/** What a client of any language says of a message. */
export interface Digest {
  readonly msgId: string
  readonly tags: string | null
  /** As they are stored, joined by spaces. */
  readonly keys: string | null
  readonly shardingKey: string | null
  readonly flag: number
  /** All of them, those of clients and brokers too. */
  readonly properties: Readonly<Record<string, string>>
  readonly bodyLength: number
  readonly sha256: string
  readonly reconsumeTimes: number
}

/** A line of `request`: the reply to this request, or why there is none. */
export interface Reply extends Digest {
  readonly number: number
  readonly error?: string
}

/** The lines of JSON among those that a peer printed. */
export const digests = (lines: ReadonlyArray<string>): ReadonlyArray<Digest> =>
  lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))

/** The same of `request`. */
export const replies = (lines: ReadonlyArray<string>): ReadonlyArray<Reply> => digests(lines) as ReadonlyArray<Reply>

/** The numbers of requests, or why one has no reply. */
export const outcomes = (replies: ReadonlyArray<Reply>): ReadonlyArray<number | string> =>
  replies.map(({ error, number }) => error ?? number)

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** What we say of a message that we consumed. */
export const digestOf = (message: MessageExt.MessageExt): Digest => ({
  msgId: message.msgId,
  tags: message.tags ?? null,
  keys: message.properties[MessageProperties.KEYS] ?? null,
  shardingKey: message.properties[MessageProperties.SHARDING_KEY] ?? null,
  flag: message.flag,
  properties: { ...message.properties },
  bodyLength: message.body.length,
  sha256: sha256(message.body),
  reconsumeTimes: message.reconsumeTimes
})

/** What the application gave: without the properties that clients and brokers use among themselves. */
export const given = (digest: Digest): Digest => ({
  ...digest,
  properties: Object.fromEntries(
    Object.entries(digest.properties).filter(([name]) => !MessageProperties.isReserved(name))
  )
})
