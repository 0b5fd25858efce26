/**
 * Signed requests, for clusters that want to know who asks: the access control of RocketMQ 4.x and 5.x.
 *
 * @since 0.1.0
 */
import * as HmacSha1 from "@effect-rocketmq/protocol/HmacSha1"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Hook } from "./Remoting.js"

/**
 * What a client proves with who it is. The secret key never leaves the client: requests carry the access key and a
 * signature.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  /** The name of the user. */
  readonly accessKey: string
  readonly secretKey: Redacted.Redacted<string>
  /** A temporary token, where the access key is one of a security token service. Default: none. */
  readonly securityToken?: Redacted.Redacted<string> | undefined
}

/**
 * HMAC-SHA1, which signatures are made with: of a key and a content in parts, at once. Plain code unless a platform brings
 * its own, as the Layers of `@effect-rocketmq/node` do.
 *
 * @since 0.1.0
 * @category services
 */
export class Hmac extends Context.Reference<Hmac>()("@effect-rocketmq/client/Acl/Hmac", {
  defaultValue: (): (key: Uint8Array, content: ReadonlyArray<Uint8Array>) => Uint8Array => HmacSha1.sign
}) {}

const encoder = new TextEncoder()

/**
 * Signs every request: adds the fields AccessKey, Signature and, with a token, SecurityToken. It must be the last hook, for
 * a field that is added later makes the signature wrong.
 *
 * @example
 * import { Acl } from "@effect-rocketmq/client"
 * import { HmacSha1 } from "@effect-rocketmq/protocol"
 * import { Redacted } from "effect"
 *
 * const signing = Acl.hook({ accessKey: "rocketmq2", secretKey: Redacted.make("12345678") }, HmacSha1.sign)
 * const heartbeat = { code: 34, extFields: {}, body: new TextEncoder().encode("{}") }
 *
 * assert.deepStrictEqual(signing.onRequest?.(heartbeat, "127.0.0.1:10911").extFields, {
 *   AccessKey: "rocketmq2",
 *   Signature: "rSstUKkrER5aSJ6DGS3kFVeNxfw="
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const hook = (
  credentials: Credentials,
  hmac: (key: Uint8Array, content: ReadonlyArray<Uint8Array>) => Uint8Array
): Hook => {
  const { accessKey, secretKey, securityToken } = credentials
  const key = encoder.encode(Redacted.value(secretKey))
  const own: Readonly<Record<string, string>> = securityToken === undefined
    ? { AccessKey: accessKey }
    : { AccessKey: accessKey, SecurityToken: Redacted.value(securityToken) }
  return {
    onRequest: (request) => {
      const extFields: Record<string, string> = { ...request.extFields, ...own }
      delete extFields["Signature"]
      // the order of Java: by UTF-16 code units
      let values = ""
      for (const name of Object.keys(extFields).sort()) values += extFields[name]
      const content = request.body === undefined ? [encoder.encode(values)] : [encoder.encode(values), request.body]
      extFields["Signature"] = btoa(String.fromCharCode(...hmac(key, content)))
      return { ...request, extFields }
    }
  }
}

const secret = (name: string) => Config.option(Config.redacted(Config.nonEmptyString(name)))

/**
 * Credentials from `ROCKETMQ_ACCESS_KEY`, `ROCKETMQ_SECRET_KEY` and `ROCKETMQ_SECURITY_TOKEN`: none without the first two,
 * an error with one of them.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Credentials | undefined> = Config.all({
  accessKey: Config.option(Config.nonEmptyString("ACCESS_KEY")),
  secretKey: secret("SECRET_KEY"),
  securityToken: secret("SECURITY_TOKEN")
}).pipe(
  Config.mapOrFail(({ accessKey, secretKey, securityToken }) => {
    if (Option.isNone(accessKey) && Option.isNone(secretKey)) return Either.right(undefined)
    if (Option.isNone(accessKey) || Option.isNone(secretKey)) {
      const [there, missing] = Option.isSome(accessKey) ? ["ACCESS_KEY", "SECRET_KEY"] : ["SECRET_KEY", "ACCESS_KEY"]
      return Either.left(
        ConfigError.InvalidData(
          [],
          `ROCKETMQ_${there} is given without ROCKETMQ_${missing}: give both, or none of them`
        )
      )
    }
    return Either.right<Credentials | undefined>({
      accessKey: accessKey.value,
      secretKey: secretKey.value,
      securityToken: Option.getOrUndefined(securityToken)
    })
  }),
  Config.nested("ROCKETMQ")
)
