/**
 * Users of one server: who there is, and whether a request is signed by one of them.
 *
 * @since 0.1.0
 */
import * as HmacSha1 from "@effect-rocketmq/protocol/HmacSha1"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Redacted from "effect/Redacted"
import type * as Auth from "../Auth.js"

export interface User {
  readonly username: string
  readonly password: Redacted.Redacted<string>
  readonly isSuper: boolean
  readonly isEnabled: boolean
}

export interface Users {
  readonly get: (username: string) => User | undefined
  readonly put: (user: User) => void
  readonly remove: (username: string) => void
  /** Ordered by name. */
  readonly all: () => ReadonlyArray<User>
  /** Why a request is not believed to be of who it says, in RocketMQ's words; undefined when it is. */
  readonly problem: (request: RemotingCommand) => string | undefined
}

/** From this version of a client on it is signed; added behind the signature before. */
const UNIQUE_KEY_QUERY = "_UNIQUE_KEY_QUERY"
const OLD_VERSION = 399

const encoder = new TextEncoder()

/** Values of all fields but the signature, in the order of their names, and the body. */
const signatureOf = ({ body, extFields, version }: RemotingCommand, secret: string): string => {
  const names = Object.keys(extFields).filter((name) =>
    name !== "Signature" && !(version <= OLD_VERSION && name === UNIQUE_KEY_QUERY)
  )
  const fields = encoder.encode(names.sort().map((name) => extFields[name]).join(""))
  const signature = HmacSha1.sign(encoder.encode(secret), body === undefined ? [fields] : [fields, body])
  return btoa(String.fromCharCode(...signature))
}

/** Takes as long for a wrong signature as for a right one. */
const isSame = (left: string, right: string): boolean => {
  let difference = left.length ^ right.length
  for (let i = 0; i < left.length; i++) difference |= left.charCodeAt(i) ^ right.charCodeAt(i % (right.length || 1))
  return difference === 0
}

export const make = (initial: ReadonlyArray<Auth.User>): Users => {
  const users = new Map<string, User>(initial.map((user) => [user.username, {
    username: user.username,
    password: user.password,
    isSuper: user.userType === "Super",
    isEnabled: user.userStatus !== "disable"
  }]))
  return {
    get: (username) => users.get(username),
    put: (user) => {
      users.set(user.username, user)
    },
    remove: (username) => {
      users.delete(username)
    },
    all: () => Array.from(users.values()).sort((left, right) => left.username < right.username ? -1 : 1),
    problem: (request) => {
      const username = request.extFields["AccessKey"] ?? ""
      if (username.trim() === "") return "username cannot be null."
      const user = users.get(username)
      if (user === undefined) return `User:${username} is not found.`
      if (!user.isEnabled) return `User:${username} is disabled.`
      const expected = signatureOf(request, Redacted.value(user.password))
      return isSame(expected, request.extFields["Signature"] ?? "") ? undefined : "check signature failed."
    }
  }
}
