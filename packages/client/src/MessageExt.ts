/**
 * A message as it was received. The same module as that of the protocol package, so that a program needs one import.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category exports
 */
export * from "@effect-rocketmq/protocol/MessageExt"
