/**
 * What all errors of BrokerError that stand for a broker's answer have in common.
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type { Answer, Derived, Outcome } from "../BrokerError.js"

/** Keys the family's guard. */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/BrokerError")

/** See TypeId. */
export type TypeId = typeof TypeId

/** What differs from class to class: what it means for the caller, and what a person should do. */
export interface Traits {
  readonly retryable: boolean
  readonly outcome: Outcome
  readonly advice: string
}

/** The broker as a person looks for it in a configuration: name and address. */
export const brokerOf = (self: { readonly address: string; readonly brokerName?: string | undefined }): string =>
  self.brokerName === undefined ? self.address : `${self.brokerName} (${self.address})`

const about = (self: Answer): string => {
  const parts: Array<string> = []
  if (self.topic !== undefined) parts.push(`topic ${self.topic}`)
  if (self.queueId !== undefined) parts.push(`queue ${self.queueId}`)
  if (self.group !== undefined) parts.push(`group ${self.group}`)
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`
}

/** What was asked, what was answered, what to do. */
export const describe = (self: Answer, advice: string): string => {
  const remark = self.remark === undefined || self.remark === "" ? "" : `: ${self.remark.trim().replace(/\.+$/, "")}`
  return `Broker ${brokerOf(self)} answered ${RequestCode.nameOf(self.requestCode)}${about(self)} with ` +
    `${self.responseCode} ${ResponseCode.nameOf(self.responseCode)}${remark}. ${advice}`
}

/** The base class of one tag. */
export type AnswerClass<Tag extends string> = new<A extends Record<string, any> = {}>(
  args: Readonly<Answer & A>
) => Cause.YieldableError & Readonly<Answer & A> & Derived & {
  readonly _tag: Tag
  readonly [TypeId]: TypeId
}

/** Makes the base class of one tag. What a class knows better it overrides. */
export const answer = <const Tag extends string>(tag: Tag, traits: Traits): AnswerClass<Tag> => {
  class Base extends Data.TaggedError(tag)<Answer> {
    readonly [TypeId]: TypeId = TypeId
    get responseName(): string {
      return ResponseCode.nameOf(this.responseCode)
    }
    get retryable(): boolean {
      return traits.retryable
    }
    get outcome(): Outcome {
      return traits.outcome
    }
    override get message(): string {
      return describe(this, traits.advice)
    }
  }
  // the class takes the fields of its heirs along, which Data.TaggedError does for any record
  return Base as unknown as AnswerClass<Tag>
}
