/**
 * Requests of administrators about users and what they may do. A broker without authentication answers them as one that has
 * nowhere to keep users.
 *
 * @since 0.1.0
 */
import * as AclInfo from "@effect-rocketmq/protocol/AclInfo"
import type * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { Access } from "./access.js"
import { bodyAnswer, notSet } from "./answers.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import type { Policies, PolicyType } from "./policies.js"
import { read } from "./policies.js"
import type { Answer, Call, Handler } from "./server.js"
import { answer } from "./server.js"
import type { User } from "./users.js"

const refused = (remark: string): Answer => answer(ResponseCode.NO_PERMISSION, remark)
const blank = answer(ResponseCode.INVALID_PARAMETER, "The username is blank")
const noSubject = refused("The subject is null.")
const withBody = (value: LooseJson.Json): Answer => ({ ...bodyAnswer(value), remark: notSet.remark })

const userJson = (user: User): LooseJson.JsonObject => ({
  // RocketMQ tells it, too
  password: Redacted.value(user.password),
  userStatus: user.isEnabled ? "enable" : "disable",
  userType: user.isSuper ? "Super" : "Normal",
  username: user.username
})

const policiesJson = (subject: string, policies: Policies): LooseJson.JsonObject => ({
  policies: Array.from(policies, ([policyType, entries]) => ({
    entries: entries.map((entry) => ({
      actions: entry.actions,
      decision: entry.isDenied ? "Deny" : "Allow",
      resource: entry.resource,
      ...(entry.sourceIps.length === 0 ? {} : { sourceIps: entry.sourceIps })
    })),
    policyType
  })),
  subject
})

const typeOf = (text: string | undefined): PolicyType | undefined =>
  text === undefined || text === "" ? undefined : text.toLowerCase() === "default" ? "Default" : "Custom"

const handlersOf = (access: Access): ReadonlyArray<readonly [number, Handler]> => {
  const { policies, users } = access
  const isSuper = ({ request }: Call): boolean => users.get(request.extFields["AccessKey"] ?? "")?.isSuper === true

  const createUser: Handler = (call) => {
    const username = call.request.extFields["username"] ?? ""
    if (username === "") return blank
    const sent = Bodies.readUser(call.request.body)
    if (sent.isSuper && !isSuper(call)) {
      return answer(ResponseCode.SYSTEM_ERROR, "The super user can only be create by super user")
    }
    if ((sent.password ?? "").trim() === "") return refused("password can not be blank")
    if (users.get(username) !== undefined) return refused("The user is existed")
    users.put({
      username,
      password: Redacted.make(sent.password!),
      isSuper: sent.isSuper ?? false,
      isEnabled: sent.isEnabled ?? true
    })
    return notSet
  }

  const updateUser: Handler = (call) => {
    const username = call.request.extFields["username"] ?? ""
    if (username === "") return blank
    const sent = Bodies.readUser(call.request.body)
    const known = users.get(username)
    if (sent.isSuper && !isSuper(call)) {
      return answer(ResponseCode.SYSTEM_ERROR, "The super user can only be update by super user")
    }
    if (known === undefined) return refused("The user is not exist")
    if (known.isSuper && !isSuper(call)) return refused("The super user can only be update by super user")
    users.put({
      username,
      password: sent.password === undefined ? known.password : Redacted.make(sent.password),
      isSuper: sent.isSuper ?? known.isSuper,
      isEnabled: sent.isEnabled ?? known.isEnabled
    })
    return notSet
  }

  const deleteUser: Handler = (call) => {
    const username = call.request.extFields["username"] ?? ""
    const known = users.get(username)
    if (known?.isSuper && !isSuper(call)) return refused("The super user can only be update by super user")
    users.remove(username)
    policies.remove(`User:${username}`)
    return notSet
  }

  const getUser: Handler = ({ request: { extFields } }) => {
    const username = extFields["username"] ?? ""
    if (username.trim() === "") return blank
    const user = users.get(username)
    return user === undefined ? notSet : withBody(userJson(user))
  }

  const listUsers: Handler = ({ request: { extFields } }) => {
    const found = users.all().filter(({ username }) => username.includes(extFields["filter"] ?? ""))
    return found.length === 0 ? notSet : withBody(found.map(userJson))
  }

  /** The subject of a request, when there is such a user. */
  const subjectOf = ({ request: { extFields } }: Call): string | Answer => {
    const subject = extFields["subject"] ?? ""
    const username = /^User:(.+)$/i.exec(subject)?.[1]
    return username === undefined ? noSubject : `User:${username}`
  }
  const isKnown = (subject: string): boolean => users.get(subject.slice("User:".length)) !== undefined

  const putPolicies: Handler = (call) => {
    const subject = subjectOf(call)
    if (typeof subject !== "string") return subject
    const info = call.request.body === undefined ? undefined : Either.getOrUndefined(AclInfo.decode(call.request.body))
    if (info === undefined || info.policies.length === 0) {
      return answer(
        ResponseCode.SYSTEM_ERROR,
        "org.apache.rocketmq.auth.authorization.exception.AuthorizationException: The body of acl is null"
      )
    }
    const sent = read(info)
    if (typeof sent === "string") return refused(sent)
    if (!isKnown(subject)) return refused(`The subject of ${subject} is not exist.`)
    policies.update(subject, sent)
    return notSet
  }

  const deletePolicies: Handler = (call) => {
    const subject = subjectOf(call)
    if (typeof subject !== "string") return subject
    if (policies.get(subject) === undefined) return refused("The acl is not exist.")
    const { policyType, resource } = call.request.extFields
    if (resource === undefined || resource === "") policies.remove(subject)
    else policies.removeResource(subject, typeOf(policyType), resource)
    return notSet
  }

  const getPolicies: Handler = (call) => {
    const subject = subjectOf(call)
    if (typeof subject !== "string") return subject
    if (!isKnown(subject)) return refused("The subject is not exist.")
    const found = policies.get(subject)
    return found === undefined ? notSet : withBody(policiesJson(subject, found))
  }

  const listPolicies: Handler = ({ request: { extFields } }) => {
    const { resourceFilter = "", subjectFilter = "" } = extFields
    const found: Array<LooseJson.JsonObject> = []
    for (const [subject, all] of policies.all()) {
      if (!subject.includes(subjectFilter)) continue
      const kept = Array.from(
        all,
        ([type, entries]) => [type, entries.filter(({ resource }) => resource.includes(resourceFilter))] as const
      )
        .filter(([, entries]) => entries.length > 0)
      if (kept.length > 0) found.push(policiesJson(subject, new Map(kept)))
    }
    return found.length === 0 ? notSet : withBody(found)
  }

  return [
    [RequestCode.AUTH_CREATE_USER, createUser],
    [RequestCode.AUTH_UPDATE_USER, updateUser],
    [RequestCode.AUTH_DELETE_USER, deleteUser],
    [RequestCode.AUTH_GET_USER, getUser],
    [RequestCode.AUTH_LIST_USER, listUsers],
    [RequestCode.AUTH_CREATE_ACL, putPolicies],
    [RequestCode.AUTH_UPDATE_ACL, putPolicies],
    [RequestCode.AUTH_DELETE_ACL, deletePolicies],
    [RequestCode.AUTH_GET_ACL, getPolicies],
    [RequestCode.AUTH_LIST_ACL, listPolicies]
  ]
}

const without: Handler = () => answer(ResponseCode.SYSTEM_ERROR, "An system error occurred, please try again later.")

const codes = [
  RequestCode.AUTH_CREATE_USER,
  RequestCode.AUTH_UPDATE_USER,
  RequestCode.AUTH_DELETE_USER,
  RequestCode.AUTH_GET_USER,
  RequestCode.AUTH_LIST_USER,
  RequestCode.AUTH_CREATE_ACL,
  RequestCode.AUTH_UPDATE_ACL,
  RequestCode.AUTH_DELETE_ACL,
  RequestCode.AUTH_GET_ACL,
  RequestCode.AUTH_LIST_ACL
]

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> =>
  broker.access === undefined ? codes.map((code) => [code, without] as const) : handlersOf(broker.access)
