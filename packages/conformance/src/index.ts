/**
 * Waiting, always bounded: what does not come in time is a failure that says what was awaited and what was seen.
 *
 * @since 0.1.0
 */
export * as Await from "./Await.js"

/**
 * One behaviour that a client and a cluster must show together, as data: written once, run on every kind of cluster.
 *
 * @since 0.1.0
 */
export * as Behaviour from "./Behaviour.js"

/**
 * What a behaviour runs against: a cluster of one kind, clients of it, and topics and groups that are the behaviour's own.
 *
 * @since 0.1.0
 */
export * as Cluster from "./Cluster.js"

/**
 * What a behaviour claims. Each claim is counted, so that a behaviour which claims nothing cannot pass.
 *
 * @since 0.1.0
 */
export * as Expect from "./Expect.js"

/**
 * What handlers of a behaviour were given, in the order in which it came.
 *
 * @since 0.1.0
 */
export * as Inbox from "./Inbox.js"

/**
 * The way from one client to the servers of a cluster, where a behaviour can get in between: whatever the cluster is, its
 * brokers are then dead or frozen for that client, and for nobody else.
 *
 * @since 0.1.0
 */
export * as Links from "./Links.js"

/**
 * Producers and consumers of a behaviour, each on a client of its own, and the end of one before the behaviour ends.
 *
 * @since 0.1.0
 */
export * as Member from "./Member.js"

/**
 * Peers on sockets that are no RocketMQ servers, and the transport to reach them.
 *
 * @since 0.1.0
 */
export * as Peer from "./Peer.js"

/**
 * Messages put into queues and read out of them by plain broker requests, beside any producer or consumer.
 *
 * @since 0.1.0
 */
export * as Stored from "./Stored.js"

/**
 * The clusters that the suite runs on.
 *
 * @since 0.1.0
 */
export * as Targets from "./Targets.js"
