/**
 * A queue of a topic on a broker. The module of the protocol package, so that a program needs one import only.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category exports
 */
export * from "@effect-rocketmq/protocol/MessageQueue"
