/**
 * The door of a server: a request that is not signed by a user, or wants what its user may not do, does not come in.
 *
 * @since 0.1.0
 */
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type * as Auth from "../Auth.js"
import * as Policies from "./policies.js"
import type { Answer, Call } from "./server.js"
import { answer } from "./server.js"
import * as Users from "./users.js"
import { wishesOf } from "./wishes.js"

export interface Access {
  readonly users: Users.Users
  readonly policies: Policies.AllPolicies
  /** The refusal of a request; undefined when it may come in. */
  readonly refusal: (call: Call) => Answer | undefined
}

export const make = (options: Auth.Options, clusterName: string): Access => {
  const users = Users.make(options.users)
  const policies = Policies.make(options.policies ?? [])
  return {
    users,
    policies,
    refusal: ({ connection, request }) => {
      const problem = users.problem(request)
      if (problem !== undefined) return answer(ResponseCode.NO_PERMISSION, problem)
      const username = request.extFields["AccessKey"]!
      if (users.get(username)!.isSuper) return undefined
      const sourceIp = connection.remoteAddress.slice(0, connection.remoteAddress.lastIndexOf(":"))
      for (const wish of wishesOf(request, clusterName)) {
        const refused = policies.problem(username, wish, sourceIp)
        if (refused !== undefined) return answer(ResponseCode.NO_PERMISSION, refused)
      }
      return undefined
    }
  }
}
