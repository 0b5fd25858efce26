/**
 * All errors of the client in one place: every family by its name, their union and its guard. A program that catches by
 * tag needs none of this; one that logs, counts or tests errors of all kinds does.
 *
 * @since 0.1.0
 */
import type { ProtocolError } from "@effect-rocketmq/protocol/ProtocolError"
import * as BrokerErrors from "./BrokerError.js"
import * as ClientErrors from "./ClientError.js"
import { CompressionError } from "./Compression.js"
import * as ConsumerErrors from "./ConsumerError.js"
import * as DeadLetterErrors from "./DeadLetterError.js"
import * as NameServerErrors from "./NameServerError.js"
import * as ProducerErrors from "./ProducerError.js"
import { ReceiptExpiredError } from "./ReceiptHandle.js"
import * as RequestReplyErrors from "./RequestReplyError.js"
import * as SubscriptionErrors from "./SubscriptionError.js"
import * as TopicErrors from "./TopicError.js"
import * as TransactionErrors from "./TransactionError.js"
import type { TransportError } from "./TransportError.js"

/**
 * Errors of the codec.
 *
 * @since 0.1.0
 */
export * as ProtocolError from "@effect-rocketmq/protocol/ProtocolError"

/**
 * Errors of what brokers answer.
 *
 * @since 0.1.0
 */
export * as BrokerError from "./BrokerError.js"

/**
 * Errors of the client instance.
 *
 * @since 0.1.0
 */
export * as ClientError from "./ClientError.js"

/**
 * Errors of consumers.
 *
 * @since 0.1.0
 */
export * as ConsumerError from "./ConsumerError.js"

/**
 * Errors of reading dead letters.
 *
 * @since 0.1.0
 */
export * as DeadLetterError from "./DeadLetterError.js"

/**
 * Errors of asking name servers.
 *
 * @since 0.1.0
 */
export * as NameServerError from "./NameServerError.js"

/**
 * Errors of sending.
 *
 * @since 0.1.0
 */
export * as ProducerError from "./ProducerError.js"

/**
 * Errors between a request and its answer.
 *
 * @since 0.1.0
 */
export * as RemotingError from "./RemotingError.js"

/**
 * Errors between a request message and its reply.
 *
 * @since 0.1.0
 */
export * as RequestReplyError from "./RequestReplyError.js"

/**
 * Errors of what is subscribed to.
 *
 * @since 0.1.0
 */
export * as SubscriptionError from "./SubscriptionError.js"

/**
 * Errors between values and messages.
 *
 * @since 0.1.0
 */
export * as TopicError from "./TopicError.js"

/**
 * Errors of transactions.
 *
 * @since 0.1.0
 */
export * as TransactionError from "./TransactionError.js"

/**
 * Errors of connections.
 *
 * @since 0.1.0
 */
export * as TransportError from "./TransportError.js"

/**
 * Any error of this client. Each has a `message` for people and `retryable`.
 *
 * @since 0.1.0
 * @category errors
 */
export type RocketMQError =
  | TransportError
  | ProtocolError
  | BrokerErrors.BrokerError
  | NameServerErrors.NameServerError
  | ClientErrors.ClientError
  | ProducerErrors.ProducerError
  | RequestReplyErrors.RequestReplyError
  | ConsumerErrors.ConsumerError
  | DeadLetterErrors.DeadLetterError
  | SubscriptionErrors.SubscriptionError
  | TopicErrors.TopicError
  | TransactionErrors.TransactionError
  | CompressionError
  | ReceiptExpiredError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isRocketMQError = (u: unknown): u is RocketMQError =>
  RequestReplyErrors.isRequestReplyError(u) ||
  BrokerErrors.isBrokerError(u) || NameServerErrors.isNameServerError(u) || ClientErrors.isClientError(u) ||
  ProducerErrors.isProducerError(u) || ConsumerErrors.isConsumerError(u) || SubscriptionErrors.isSubscriptionError(u) ||
  DeadLetterErrors.isDeadLetterError(u) ||
  TopicErrors.isTopicError(u) || TransactionErrors.isTransactionError(u) || u instanceof CompressionError ||
  u instanceof ReceiptExpiredError
