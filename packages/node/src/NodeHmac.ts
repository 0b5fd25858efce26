/**
 * HMAC-SHA1 of Node, for signed requests: faster with large bodies than the client's own.
 *
 * @since 0.1.0
 */
import { Hmac } from "@effect-rocketmq/client/Acl"
import * as Layer from "effect/Layer"
import { createHmac } from "node:crypto"

/**
 * Signatures by `node:crypto`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Hmac> = Layer.succeed(Hmac, (key, content) => {
  const hmac = createHmac("sha1", key)
  for (const part of content) hmac.update(part)
  return hmac.digest()
})
