/**
 * What a request proves its user with: not the secret itself, and still nothing to keep or to print.
 *
 * @since 0.1.0
 */
import type { ExtFields } from "@effect-rocketmq/protocol/RemotingCommand"

const proofs: ReadonlySet<string> = new Set(["Signature", "SecurityToken"])

export const holdsSecrets = (extFields: ExtFields): boolean =>
  extFields["Signature"] !== undefined || extFields["SecurityToken"] !== undefined

export const withoutSecrets = (extFields: ExtFields): ExtFields =>
  holdsSecrets(extFields)
    ? Object.fromEntries(
      Object.entries(extFields).map(([name, value]) => [name, proofs.has(name) ? "<redacted>" : value])
    )
    : extFields
