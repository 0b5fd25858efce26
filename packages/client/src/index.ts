/**
 * Signed requests, for clusters that want to know who asks: the access control of RocketMQ 4.x and 5.x.
 *
 * @since 0.1.0
 */
export * as Acl from "./Acl.js"

/**
 * How the members of a group share the queues of a topic. Each member computes the shares by itself, so all must use the
 * same strategy: the names and results are those of the Java client.
 *
 * @since 0.1.0
 */
export * as AllocationStrategy from "./AllocationStrategy.js"

/**
 * One typed method for each request to a broker. No state, no retry: what a broker answers becomes a value or a typed
 * error here, and nowhere else.
 *
 * @since 0.1.0
 */
export * as Broker from "./Broker.js"

/**
 * What a broker may answer instead of doing what it was asked, as typed errors. One table (`Broker.errorOf`) turns
 * response codes into these; codes that a caller would treat alike share a class and are told apart by `responseCode`
 * or `reason`.
 *
 * @since 0.1.0
 */
export * as BrokerError from "./BrokerError.js"

/**
 * The client instance: one identity towards the brokers, shared by all producers and consumers of a program. It keeps
 * the routes of the topics in use fresh, sends the heartbeats, and hands what brokers ask for to the group concerned.
 *
 * @since 0.1.0
 */
export * as Client from "./Client.js"

/**
 * What the client instance refuses.
 *
 * @since 0.1.0
 */
export * as ClientError from "./ClientError.js"

/**
 * Compressed bodies: zlib, LZ4 frames and zstd, as the Java client writes them. The codecs come from the platform.
 *
 * @since 0.1.0
 */
export * as Compression from "./Compression.js"

/**
 * What a handler may say about a message when plain success or failure is not enough.
 *
 * @since 0.1.0
 */
export * as ConsumeResult from "./ConsumeResult.js"

/**
 * A push consumer: a handler that gets the messages of a group's topics, as a Layer. Success of the handler is the
 * acknowledgement; any failure has the message delivered again. Delivery is at least once.
 *
 * @since 0.1.0
 */
export * as Consumer from "./Consumer.js"

/**
 * What can go wrong with a consumer, from its options to the offsets that it keeps.
 *
 * @since 0.1.0
 */
export * as ConsumerError from "./ConsumerError.js"

/**
 * What happens in a consumer while it runs.
 *
 * @since 0.1.0
 */
export * as ConsumerEvent from "./ConsumerEvent.js"

/**
 * How a consumer is: which of its queues are not pulled and why, how far it is behind, and whether it is well.
 *
 * @since 0.1.0
 */
export * as ConsumerHealth from "./ConsumerHealth.js"

/**
 * What a consumer counts, and where each of its queues is.
 *
 * @since 0.1.0
 */
export * as ConsumerStats from "./ConsumerStats.js"

/**
 * What fails between a program and the dead letters of a group.
 *
 * @since 0.1.0
 */
export * as DeadLetterError from "./DeadLetterError.js"

/**
 * What a group has given up: its dead-letter topic `%DLQ%group` as a Stream, and the way back.
 *
 * @since 0.1.0
 */
export * as DeadLetters from "./DeadLetters.js"

/**
 * Handlers that do a thing once for each message, although delivery is at least once: what was handled is remembered under
 * the message's unique key, in a store of your choice.
 *
 * A message is remembered when its handler has succeeded. Between that moment and the handler's own effect a crash still
 * makes two: where that must not be, write the key in the same transaction as the effect.
 *
 * @since 0.1.0
 */
export * as Deduplication from "./Deduplication.js"

/**
 * Messages of a consumer that is a Stream: each is settled by who takes it, with an acknowledgement or without.
 *
 * The Streams themselves are `Consumer.stream` and `Consumer.streamOrderly`; here are what they are made of, and ways to
 * part them.
 *
 * @since 0.1.0
 */
export * as Delivery from "./Delivery.js"

/**
 * Which brokers to stay away from for a while. A broker that failed gets no messages until its pause is over; then one
 * message tries it, and all others follow when that one succeeds. A broker that was slow gets none while others are
 * quicker, for a time that grows with its slowness.
 *
 * @since 0.1.0
 */
export * as FaultTolerance from "./FaultTolerance.js"

/**
 * What an application sends: a topic, a body and properties. The module of the protocol package, so that a program needs
 * one import only.
 *
 * @since 0.1.0
 */
export * as Message from "./Message.js"

/**
 * A message as it was received. The same module as that of the protocol package, so that a program needs one import.
 *
 * @since 0.1.0
 */
export * as MessageExt from "./MessageExt.js"

/**
 * A queue of a topic on a broker. The module of the protocol package, so that a program needs one import only.
 *
 * @since 0.1.0
 */
export * as MessageQueue from "./MessageQueue.js"

/**
 * How a producer chooses the queue of a message.
 *
 * @since 0.1.0
 */
export * as MessageQueueSelector from "./MessageQueueSelector.js"

/**
 * Which messages of a topic a consumer wants: all of them, those with certain tags, or those that an SQL expression
 * over their properties picks.
 *
 * @since 0.1.0
 */
export * as MessageSelector from "./MessageSelector.js"

/**
 * Routes of topics, from any of several name servers; remembered, joined when asked at once, refreshed by the client.
 *
 * @since 0.1.0
 */
export * as NameServer from "./NameServer.js"

/**
 * What can go wrong when a name server is asked.
 *
 * @since 0.1.0
 */
export * as NameServerError from "./NameServerError.js"

/**
 * Where the offsets of a group are kept. A read gives an offset, or none, or fails: no number ever means "unknown".
 *
 * @since 0.1.0
 */
export * as OffsetStore from "./OffsetStore.js"

/**
 * What a handler that gets messages in order may say when plain success or failure is not enough. A failure is the same as
 * `suspend()`: the same message comes first again.
 *
 * @since 0.1.0
 */
export * as OrderlyResult from "./OrderlyResult.js"

/**
 * A consumer that pops: the broker hands each message to one member of the group for a while, and again to anyone when it
 * is not acknowledged by then. No queue belongs to a member, so that nothing is rebalanced, members may be more than
 * queues, and a slow message holds up no others. Messages come in no order.
 *
 * The handler is that of {@link Consumer}. Success acknowledges the message. After a failure it stays invisible for the
 * retry delay and comes again. While a message waits here or its handler runs, its invisible time is renewed; when that
 * cannot be done in time the message comes again elsewhere, which is told as a `Lapsed` event. Delivery is at least once.
 *
 * Each member pops every broker of a topic, all of its queues at once, which needs no change of the group's request mode.
 * Brokers of 5.x and their `timerWheelEnable` are needed.
 *
 * @since 0.1.0
 */
export * as PopConsumer from "./PopConsumer.js"

/**
 * The ledger of one queue: which messages were pulled and are not finished, how much they keep in memory, and which
 * offset may be committed. It never says an offset beyond a message that is not finished.
 *
 * @since 0.1.0
 */
export * as ProcessQueue from "./ProcessQueue.js"

/**
 * Sends messages. A send that succeeds was acknowledged by a broker; one that fails says whether the message may be
 * stored all the same.
 *
 * @since 0.1.0
 */
export * as Producer from "./Producer.js"

/**
 * What can go wrong with a producer. The errors of one send say what became of the message: `Refused`, it was not
 * stored; `Unknown`, it may have been.
 *
 * @since 0.1.0
 */
export * as ProducerError from "./ProducerError.js"

/**
 * Options for the usual cases, to start from. A preset is a plain value: spread it, and say what differs.
 *
 * @example
 * import { Producer, ProducerPreset } from "@effect-rocketmq/client"
 *
 * export const Checkout = Producer.layer({ ...ProducerPreset.production, group: "checkout", sendTimeout: "90 seconds" })
 *
 * @since 0.1.0
 */
export * as ProducerPreset from "./ProducerPreset.js"

/**
 * What a producer knows of itself: counts, rates, latencies, and the health of its brokers.
 *
 * @since 0.1.0
 */
export * as ProducerStats from "./ProducerStats.js"

/**
 * A consumer that is asked for messages instead of calling a handler: by polls or as a stream, over queues that the group
 * shares out or that are assigned by hand, with the position in the program's hand.
 *
 * @since 0.1.0
 */
export * as PullConsumer from "./PullConsumer.js"

/**
 * Which queues this member of a group owns: asked again periodically and whenever something says that it may have
 * changed, one round at a time. A question that gets no answer changes nothing.
 *
 * @since 0.1.0
 */
export * as Rebalance from "./Rebalance.js"

/**
 * The right to settle one popped message: to acknowledge it, or to change how long it stays invisible. It holds until the
 * message's invisible time is over; then the broker hands the message out again, and the handle is worth nothing.
 *
 * @since 0.1.0
 */
export * as ReceiptHandle from "./ReceiptHandle.js"

/**
 * Requests and their answers: one connection for each address, shared by everybody, answers matched by opaque.
 *
 * @since 0.1.0
 */
export * as Remoting from "./Remoting.js"

/**
 * What can go wrong between asking a server and getting its answer.
 *
 * @since 0.1.0
 */
export * as RemotingError from "./RemotingError.js"

/**
 * Requests that are messages: one program sends and waits, another one consumes and replies. Works with clients of other
 * languages on either side.
 *
 * The requester is `Producer.request`. The replier is a consumer whose handler is made by {@link responder}, or one that
 * calls `Producer.reply` itself.
 *
 * @since 0.1.0
 */
export * as RequestReply from "./RequestReply.js"

/**
 * What can go wrong between a request and its reply, beside the sending of either.
 *
 * @since 0.1.0
 */
export * as RequestReplyError from "./RequestReplyError.js"

/**
 * When a send that failed is tried again: a Schedule for each class of failure.
 *
 * @since 0.1.0
 */
export * as RetryPolicy from "./RetryPolicy.js"

/**
 * Everything that producers and consumers stand on, in one Layer: remoting, name server, broker and client instance over
 * a transport.
 *
 * @since 0.1.0
 */
export * as RocketMQ from "./RocketMQ.js"

/**
 * All errors of the client in one place: every family by its name, their union and its guard. A program that catches by
 * tag needs none of this; one that logs, counts or tests errors of all kinds does.
 *
 * @since 0.1.0
 */
export * as RocketMQError from "./RocketMQError.js"

/**
 * The proof that a broker stored a message.
 *
 * @since 0.1.0
 */
export * as SendReceipt from "./SendReceipt.js"

/**
 * What became of the messages that a consumer had when it stopped.
 *
 * @since 0.1.0
 */
export * as StopReceipt from "./StopReceipt.js"

/**
 * A topic and the selector of what is wanted of it, as brokers are told and as the client checks it.
 *
 * @since 0.1.0
 */
export * as Subscription from "./Subscription.js"

/**
 * What is wrong with what a consumer wants to receive. All of these are found before anything is sent.
 *
 * @since 0.1.0
 */
export * as SubscriptionError from "./SubscriptionError.js"

/**
 * What a group wants of which topic, as a registry in memory: checked, bounded, with a memory of what did not agree, and
 * written to and read from JSON. A consumer keeps its own subscriptions in one; programs may use one without a consumer.
 *
 * @since 0.1.0
 */
export * as SubscriptionManager from "./SubscriptionManager.js"

/**
 * Loops that cannot die in silence: those of this client and of the embedded broker, and yours if you like.
 *
 * @since 0.1.0
 */
export * as Supervised from "./Supervised.js"

/**
 * Topics with a type: producers publish values, handlers receive values. What a message means is said once, as a Schema.
 *
 * A record that the schema does not take is a poison record: no delivery of it will succeed. What becomes of it is a
 * policy, one of {@link deadLetter}, {@link skip}, {@link park} and {@link stop}, or a function of your own.
 *
 * @since 0.1.0
 */
export * as Topic from "./Topic.js"

/**
 * What fails between a value and the bytes of its message.
 *
 * @since 0.1.0
 */
export * as TopicError from "./TopicError.js"

/**
 * Where a topic lives: an immutable snapshot of what a name server said, with what senders and consumers need of it
 * already computed.
 *
 * @since 0.1.0
 */
export * as TopicRoute from "./TopicRoute.js"

/**
 * What can go wrong with a transaction: its half message, its local work, its end, or the answer to a broker that asks
 * about it.
 *
 * @since 0.1.0
 */
export * as TransactionError from "./TransactionError.js"

/**
 * Sends messages that consumers see only when local work has succeeded: a half message first, then the work, then its
 * commit or rollback. When the end of a transaction gets lost, or the process dies between, the broker asks any producer
 * of the group what became of it; that is what `check` is for.
 *
 * @since 0.1.0
 */
export * as TransactionProducer from "./TransactionProducer.js"

/**
 * A byte connection to one address. What is below it (TCP, memory) is the business of the layer that provides it.
 *
 * @since 0.1.0
 */
export * as Transport from "./Transport.js"

/**
 * What can go wrong with a byte connection, before any protocol is spoken on it.
 *
 * @since 0.1.0
 */
export * as TransportError from "./TransportError.js"
