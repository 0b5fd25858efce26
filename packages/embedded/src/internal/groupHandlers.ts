/**
 * Requests of administrators about consumer groups: make, change, delete, list, forbid a topic to them.
 *
 * @since 0.1.0
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { bodyAnswer } from "./answers.js"
import * as Attributes from "./attributes.js"
import type { GroupConfig } from "./bodies.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import { FORBIDS_READ } from "./groupTable.js"
import { page } from "./page.js"
import type { Answer, Handler } from "./server.js"
import { answer, ok } from "./server.js"
import { groupProblem } from "./topicTable.js"

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const refusalOf = (group: GroupConfig): Answer | undefined => {
    const problem = groupProblem(group.groupName)
    return problem === undefined ? undefined : answer(ResponseCode.INVALID_PARAMETER, problem)
  }

  /** What is sent replaces what was, but attributes are sent as changes. */
  const changed = (group: GroupConfig): GroupConfig => {
    const before = broker.groups.get(group.groupName)
    const changes = Object.entries(group.attributes)
    return { ...group, attributes: Attributes.change(Attributes.groupAttributes, before?.attributes, changes) }
  }
  const put = (groups: ReadonlyArray<GroupConfig>): Answer => {
    try {
      for (const group of groups.map(changed)) broker.groups.put(group)
      return ok
    } catch (error) {
      if (!(error instanceof Fields.BadRequest)) throw error
      // unlike for topics nobody catches it there, and so its name is told
      return answer(ResponseCode.SYSTEM_ERROR, `java.lang.RuntimeException: ${error.message}`)
    }
  }

  const putGroup: Handler = ({ request }) => {
    // nothing to make is no mistake
    if (request.body === undefined || Bodies.isNull(request.body)) return ok
    const group = Bodies.readGroupConfig(request.body)
    const refusal = refusalOf(group)
    if (refusal !== undefined) return refusal
    return put([group])
  }

  const putGroups: Handler = ({ request }) => {
    const groups = Bodies.readGroupConfigs(request.body)
    for (const group of groups) {
      const refusal = refusalOf(group)
      if (refusal !== undefined) return refusal
    }
    return put(groups)
  }

  const allGroups: Handler = ({ request: { extFields } }) => {
    const all = Array.from(broker.groups.all())
    const groups = page(all, Fields.optionalInt(extFields, "groupSeq"), Fields.optionalInt(extFields, "maxGroupNum"))
    const named = new Set(groups.map((group) => group.groupName))
    return bodyAnswer({
      dataVersion: Bodies.writeVersion(broker.groups.version(), broker.bootTimestamp),
      forbiddenTable: Object.fromEntries(
        Array.from(broker.groups.allForbidden())
          .filter(([group]) => named.has(group))
          .map(([group, topics]) => [group, Object.fromEntries(topics)])
      ),
      subscriptionGroupTable: Object.fromEntries(groups.map((group) => [group.groupName, group]))
    }, { totalGroupNum: String(all.length) })
  }

  const deleteGroup: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "groupName")
    broker.groups.remove(name)
    if (Fields.boolean(extFields, "cleanOffset")) broker.offsets.removeGroup(name)
    if (broker.config.is("autoDeleteUnusedStats")) broker.stats.removeGroup(name)
    return ok
  }

  const groupConfig: Handler = ({ request: { extFields } }) => {
    const group = broker.groups.find(Fields.string(extFields, "group"))
    return group === undefined
      ? answer(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, "No group in this broker")
      : bodyAnswer(group)
  }

  /** Changes whether a group may read a topic when it says `readable`, and tells how it is then. */
  const forbidden: Handler = ({ request: { extFields } }) => {
    const group = Fields.string(extFields, "group")
    const topic = Fields.string(extFields, "topic")
    if (extFields["readable"] !== undefined) broker.groups.forbid(group, topic, !Fields.boolean(extFields, "readable"))
    const readable = (broker.groups.forbidden(group, topic) & FORBIDS_READ) === 0
    return { ...bodyAnswer({ group, readable, topic }), remark: "" }
  }

  return [
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, putGroup],
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, putGroups],
    [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, allGroups],
    [RequestCode.DELETE_SUBSCRIPTIONGROUP, deleteGroup],
    [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, groupConfig],
    [RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, forbidden]
  ]
}
