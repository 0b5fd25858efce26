import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Client } from "./client.js"
import { bytes, heartbeat, pull, send, subscription, withBroker } from "./client.js"

const sql = (subString: string, subVersion = 1) => ({
  ...subscription("T"),
  expressionType: "SQL92",
  subString,
  subVersion
})

const check = (client: Client, expression: string) =>
  client.call(
    RequestCode.CHECK_CLIENT_CONFIG,
    {},
    bytes(JSON.stringify({ clientId: "c", group: "G", subscriptionData: sql(expression) }))
  )

const off = "The broker does not support consumer to filter message by SQL92"

describe("SQL92 filters of groups", () => {
  it.scoped("are refused while the broker's switch is off", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker({ propertyFilter: false })
      const checked = yield* check(client, "a > 1")
      assert.deepStrictEqual([checked.code, checked.remark], [ResponseCode.SYSTEM_ERROR, off])
      yield* send(client, "T", { properties: { a: "1" } })
      yield* heartbeat(client, "c", "G", [sql("a > 1")])
      const pulled = yield* pull(client, "G", "T")
      assert.deepStrictEqual([pulled.code, pulled.remark], [ResponseCode.SYSTEM_ERROR, off])
    }))

  it.scoped("are checked on demand", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      assert.strictEqual((yield* check(client, "a > 1")).code, ResponseCode.SUCCESS)
      const broken = yield* check(client, "a >")
      assert.strictEqual(broken.code, ResponseCode.SUBSCRIPTION_PARSE_FAILED)
      assert.include(broken.remark ?? "", "Encountered \"<EOF>\"")
    }))

  it.scoped("are absent when the heartbeat's expression does not parse, and go by its version", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T", { properties: { a: "1" } })
      yield* send(client, "T", { properties: { a: "2" } })
      const ask = (subVersion: number) => pull(client, "G", "T", { subVersion: String(subVersion) })
      yield* heartbeat(client, "c", "G", [sql("a >", 1)])
      assert.strictEqual((yield* ask(1)).code, ResponseCode.FILTER_DATA_NOT_EXIST)
      yield* heartbeat(client, "c", "G", [sql("a = 2", 2)])
      const found = yield* ask(2)
      assert.deepStrictEqual([found.code, found.extFields["nextBeginOffset"]], [ResponseCode.SUCCESS, "2"])
      assert.strictEqual((yield* ask(3)).code, ResponseCode.SUBSCRIPTION_NOT_LATEST)
      yield* heartbeat(client, "c", "G", [sql("a = 3", 3)])
      const none = yield* ask(3)
      assert.deepStrictEqual([none.code, none.extFields["nextBeginOffset"]], [ResponseCode.PULL_RETRY_IMMEDIATELY, "2"])
    }))
})
