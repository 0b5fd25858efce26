/**
 * Who may use an embedded cluster, and for what: users whose requests are signed, and what each of them is allowed, as
 * authentication and authorization of RocketMQ 5.
 *
 * @since 0.1.0
 */
import type * as AclInfo from "@effect-rocketmq/protocol/AclInfo"
import type * as Redacted from "effect/Redacted"

/**
 * Somebody who signs requests. A `Super` user may do everything; a `Normal` one what the policies say.
 *
 * @since 0.1.0
 * @category models
 */
export interface User {
  /** The access key of the client. */
  readonly username: string
  /** The secret key of the client. */
  readonly password: Redacted.Redacted<string>
  /** Default `Normal`. */
  readonly userType?: "Super" | "Normal" | undefined
  /** A disabled user is refused. Default `enable`. */
  readonly userStatus?: "enable" | "disable" | undefined
}

/**
 * Brokers start with these users and policies; administrators change them on each broker with the AUTH_ requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly users: ReadonlyArray<User>
  /** What normal users may do, by subject (`User:name`). Default: nothing. */
  readonly policies?: ReadonlyArray<AclInfo.AclInfo> | undefined
  /** Whether the name server refuses unsigned requests too: in RocketMQ it has a configuration of its own. Default false. */
  readonly nameServer?: boolean | undefined
}
