/**
 * What a test expected and did not see.
 *
 * @since 0.1.0
 */
export * as ExpectationError from "./ExpectationError.js"

/**
 * What came in during a test, in the order in which it came, and what may be expected of it.
 *
 * A handler under test puts what it was given into an inbox, or `TestCluster.collect` fills one with all that is sent to a
 * topic.
 *
 * @since 0.1.0
 */
export * as Inbox from "./Inbox.js"

/**
 * Apache RocketMQ could not be started for a test.
 *
 * @since 0.1.0
 */
export * as RocketMQStartError from "./RocketMQStartError.js"

/**
 * A cluster for a test, from one line: the embedded one, one that runs already, or Apache RocketMQ started for the test.
 *
 * The test is the same for all of them. On the embedded cluster it runs on virtual time (`VirtualTime` of the embedded
 * package): minutes of retries and timeouts pass in milliseconds. When a test fails, each of its errors also tells what
 * happened last at the cluster.
 *
 * @since 0.1.0
 */
export * as TestCluster from "./TestCluster.js"
