import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import { assert, describe, it } from "@effect/vitest"

describe("Names", () => {
  it("says which rule a topic breaks", () => {
    for (const topic of ["orders", "a|b%c_d-E9", "t".repeat(127), Names.retryTopic("g".repeat(120)), "TBW102"]) {
      assert.strictEqual(Names.topicProblem(topic), undefined, topic)
    }
    assert.strictEqual(Names.topicProblem(""), "is empty")
    assert.match(Names.topicProblem("a b")!, /characters other than/)
    assert.match(Names.topicProblem("中文")!, /characters other than/)
    assert.match(Names.topicProblem("orders\n")!, /characters other than/)
    assert.match(Names.topicProblem("t".repeat(128))!, /at most 127/)
    assert.match(Names.topicProblem(Names.dlqTopic("g".repeat(255)))!, /at most 255/)
    assert.match(Names.topicProblem("SCHEDULE_TOPIC_XXXX")!, /broker itself/)
    assert.match(Names.topicProblem("RMQ_SYS_TRANS_HALF_TOPIC")!, /broker itself/)
  })

  it("says which rule a group breaks", () => {
    assert.strictEqual(Names.groupProblem("billing"), undefined)
    assert.strictEqual(Names.groupProblem("g".repeat(120)), undefined)
    assert.match(Names.groupProblem("g".repeat(121))!, /at most 120/)
    assert.match(Names.groupProblem("DEFAULT_CONSUMER")!, /reserved/)
    assert.match(Names.groupProblem("a.b")!, /characters other than/)
  })

  it("knows derived and system topics", () => {
    assert.strictEqual(Names.retryTopic("g"), "%RETRY%g")
    assert.strictEqual(Names.dlqTopic("g"), "%DLQ%g")
    assert.isTrue(Names.isRetryTopic("%RETRY%g"))
    assert.isFalse(Names.isRetryTopic("%DLQ%g"))
    for (const topic of ["TBW102", "rmq_sys_wheel_timer", "RMQ_SYS_TRACE_TOPIC", "OFFSET_MOVED_EVENT"]) {
      assert.isTrue(Names.isSystemTopic(topic), topic)
    }
    assert.isFalse(Names.isSystemTopic("orders"))
    assert.isTrue(Names.isSendable("RMQ_SYS_TRACE_TOPIC"))
  })
})

describe("flags", () => {
  it("of permissions", () => {
    assert.strictEqual(Permission.format(7), "RWX")
    assert.strictEqual(Permission.format(Permission.READ), "R--")
    assert.isFalse(Permission.isWriteable(Permission.READ | Permission.INHERIT))
  })

  it("of transactions and batches", () => {
    const half = SysFlag.withTransactionType(0x301, SysFlag.TRANSACTION_PREPARED_TYPE)
    assert.strictEqual(half, 0x305)
    assert.strictEqual(SysFlag.transactionType(half), SysFlag.TRANSACTION_PREPARED_TYPE)
    assert.strictEqual(SysFlag.withTransactionType(half, SysFlag.TRANSACTION_COMMIT_TYPE), 0x309)
    assert.isTrue(SysFlag.isInnerBatch(0xc0))
    assert.isFalse(SysFlag.isInnerBatch(0x40))
    assert.strictEqual(SysFlag.withoutCompressed(0x301), 0x300)
  })
})
