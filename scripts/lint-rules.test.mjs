// Shows that the rules of eslint.config.mjs bite, and where they must not.
import { ESLint } from "eslint"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../", import.meta.url))
const eslint = new ESLint({ cwd: root })

const rulesBroken = async (file, code) => {
  const [{ messages }] = await eslint.lintText(`${code}\n`, { filePath: `${root}packages/${file}` })
  return messages.filter(({ ruleId }) => ruleId === null || /restricted|workspace|console|barrel/.test(ruleId ?? ""))
    .map(({ message, ruleId }) => ruleId ?? message)
}

const refused = (rule, file, code) =>
  it(`${file}: ${code}`, async () => {
    assert.deepStrictEqual(await rulesBroken(file, code), [rule])
  })

const accepted = (file, code) =>
  it(`${file}: ${code}`, async () => {
    assert.deepStrictEqual(await rulesBroken(file, code), [])
  })

describe("imports that point the wrong way are refused", () => {
  const direction = (file, code) => refused("workspace/import-direction", file, code)
  direction("protocol/src/A.ts", "import * as X from \"@effect-rocketmq/client/Producer\"")
  direction("protocol/test/A.test.ts", "import * as X from \"@effect-rocketmq/node\"")
  direction("client/src/A.ts", "import * as X from \"@effect-rocketmq/node/NodeRocketMQ\"")
  direction("client/src/internal/a.ts", "export * from \"@effect-rocketmq/embedded\"")
  direction("client/src/A.ts", "export const load = () => import(\"@effect-rocketmq/node\")")
  direction("client/src/A.ts", "import type { A } from \"../../node/src/A.js\"")
  direction("client/src/A.ts", "export type A = import(\"@effect-rocketmq/node\").A")
  direction("client/src/A.ts", "import * as X from \"@effect-rocketmq/client/B\"")
  direction("node/src/A.ts", "import * as X from \"@effect-rocketmq/embedded/Embedded\"")
  direction("node/src/A.ts", "import * as X from \"@effect-rocketmq/client/internal/a\"")
  direction("node/test/A.test.ts", "import * as X from \"../../client/src/A.js\"")
  direction("embedded/src/A.ts", "import * as X from \"@effect-rocketmq/cli/demo\"")
  direction("conformance/src/A.ts", "import * as X from \"@effect-rocketmq/examples\"")
  direction("cli/src/A.ts", "import * as X from \"@effect/schema/Schema\"")
  direction("client/src/A.ts", "import * as Net from \"node:net\"")
  direction("protocol/src/A.ts", "import * as Zlib from \"zlib\"")
  direction("embedded/src/Broker.ts", "import * as Net from \"node:net\"")
  direction("embedded/src/internal/tcp.ts", "import { setTimeout } from \"node:timers/promises\"")
})

describe("imports that point the right way are accepted", () => {
  accepted("client/src/A.ts", "import * as X from \"@effect-rocketmq/protocol/Frame\"")
  accepted("client/src/internal/a.ts", "import * as X from \"../A.js\"")
  accepted("node/src/A.ts", "import * as Net from \"node:net\"")
  accepted("embedded/src/internal/tcp.ts", "import * as Net from \"node:net\"")
  accepted("embedded/src/internal/turn.ts", "import { setImmediate } from \"node:timers\"")
  accepted("embedded/src/A.ts", "import * as X from \"@effect-rocketmq/node/NodeRocketMQ\"")
  accepted("cli/src/A.ts", "import * as X from \"@effect-rocketmq/embedded/Embedded\"")
  accepted("protocol/test/A.test.ts", "import * as Fs from \"node:fs\"")
})

describe("real time and chance are refused", () => {
  for (const pkg of ["protocol", "client", "embedded"]) {
    refused("no-restricted-properties", `${pkg}/src/A.ts`, "export const a = Date.now()")
    refused("no-restricted-syntax", `${pkg}/src/A.ts`, "export const a = new Date()")
    refused("no-restricted-properties", `${pkg}/src/internal/a.ts`, "export const a = Math.random()")
    for (const name of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"]) {
      refused("no-restricted-globals", `${pkg}/src/A.ts`, `${name}(() => undefined)`)
    }
    refused("no-restricted-globals", `${pkg}/src/A.ts`, "globalThis.setTimeout(() => undefined)")
    refused("no-restricted-globals", `${pkg}/src/A.ts`, "export const a = performance.now()")
    accepted(`${pkg}/src/A.ts`, "export const a = new Date(0)")
    accepted(`${pkg}/test/A.test.ts`, "export const a = Date.now()")
  }
  accepted("node/src/A.ts", "export const a = Date.now()")
})

describe("the platform is refused where every platform must do", () => {
  for (const pkg of ["protocol", "client"]) {
    refused("no-restricted-globals", `${pkg}/src/A.ts`, "export const a = Buffer.alloc(1)")
    refused("no-restricted-globals", `${pkg}/src/A.ts`, "export const a = process.pid")
  }
  accepted("embedded/src/A.ts", "export const a = Buffer.alloc(1)")
})

describe("elsewhere", () => {
  refused("no-console", "cli/src/A.ts", "console.log(1)")
  refused("@effect/no-import-from-barrel-package", "client/src/A.ts", "import { Effect } from \"effect\"")
  refused("no-restricted-syntax", "client/src/A.ts", "export const f = (a: Array<number>) => a.push(...a)")
  it("no comment in the sources switches a rule off", async () => {
    const broken = await rulesBroken("client/src/A.ts", "// eslint-disable-next-line\nexport const a = Date.now()")
    assert.include(broken, "no-restricted-properties")
  })
})
