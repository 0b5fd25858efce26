/**
 * Who is connected: members of consumer groups with their subscriptions, and producers by group.
 *
 * @since 0.1.0
 */
import type { ConsumerEntry, Subscription } from "./bodies.js"
import type { Connection } from "./connection.js"
import type { Expired } from "./server.js"

/** A client on a connection, as its last heartbeat told. */
export interface Channel {
  readonly connection: Connection
  readonly clientId: string
  readonly language: number
  readonly version: number
  seenAt: number
}

/** A consumer group with at least one member. */
export interface Group {
  readonly name: string
  consumeType: string
  messageModel: string
  consumeFromWhere: string
  readonly subscriptions: Map<string, Subscription>
  readonly channels: Map<Connection, Channel>
}

export interface Consumers {
  readonly group: (name: string) => Group | undefined
  readonly groups: () => Iterable<Group>
  /** Takes a heartbeat's word about one group. With `keepSubscriptions` it said nothing about subscriptions. */
  readonly register: (data: ConsumerEntry, channel: Channel, notify: boolean, keepSubscriptions: boolean) => void
  readonly unregister: (group: string, connection: Connection, notify: boolean) => void
  /** The connection is gone: out of all groups. */
  readonly drop: (connection: Connection) => void
  /** Takes out members that were silent since `limit`. */
  readonly expire: (limit: number) => Expired
  readonly subscribersOf: (topic: string) => ReadonlyArray<string>
  readonly clear: () => void
}

const expired = (channels: ReadonlyArray<Channel>, limit: number): Expired => {
  const silent = new Set<Connection>()
  let oldest: number | undefined
  for (const { connection, seenAt } of channels) {
    if (seenAt < limit) silent.add(connection)
    else if (oldest === undefined || seenAt < oldest) oldest = seenAt
  }
  return { connections: Array.from(silent), oldest }
}

/** @param changed called when the members or topics of a group changed, with the members of now */
export const makeConsumers = (changed: (group: Group) => void): Consumers => {
  const groups = new Map<string, Group>()

  const updateChannel = (group: Group, channel: Channel): boolean => {
    const known = group.channels.get(channel.connection)
    if (known !== undefined && known.clientId === channel.clientId) {
      known.seenAt = channel.seenAt
      return false
    }
    group.channels.set(channel.connection, channel)
    return known === undefined
  }
  const updateSubscriptions = (group: Group, data: ConsumerEntry): boolean => {
    let topicsChanged = false
    const present = new Set<string>()
    for (const subscription of data.subscriptions) {
      present.add(subscription.topic)
      const known = group.subscriptions.get(subscription.topic)
      if (known === undefined) topicsChanged = true
      if (known === undefined || subscription.subVersion > known.subVersion) {
        group.subscriptions.set(subscription.topic, subscription)
      }
    }
    for (const topic of Array.from(group.subscriptions.keys())) {
      if (present.has(topic)) continue
      group.subscriptions.delete(topic)
      topicsChanged = true
    }
    return topicsChanged
  }
  const notifyMembers = (group: Group) => {
    if (group.messageModel !== "BROADCASTING") changed(group)
  }
  const leave = (group: Group, connection: Connection, notify: boolean) => {
    if (!group.channels.delete(connection)) return
    if (group.channels.size === 0) groups.delete(group.name)
    if (notify) notifyMembers(group)
  }

  return {
    group: (name) => groups.get(name),
    groups: () => groups.values(),
    register: (data, channel, notify, keepSubscriptions) => {
      let group = groups.get(data.groupName)
      if (group === undefined) {
        group = {
          name: data.groupName,
          consumeType: data.consumeType,
          messageModel: data.messageModel,
          consumeFromWhere: data.consumeFromWhere,
          subscriptions: new Map(),
          channels: new Map()
        }
        groups.set(group.name, group)
      } else {
        group.consumeType = data.consumeType
        group.messageModel = data.messageModel
        group.consumeFromWhere = data.consumeFromWhere
      }
      const membersChanged = updateChannel(group, channel)
      const topicsChanged = !keepSubscriptions && updateSubscriptions(group, data)
      if (notify && (membersChanged || topicsChanged)) notifyMembers(group)
    },
    unregister: (name, connection, notify) => {
      const group = groups.get(name)
      if (group !== undefined) leave(group, connection, notify)
    },
    drop: (connection) => {
      for (const group of Array.from(groups.values())) leave(group, connection, true)
    },
    expire: (limit) => {
      const all = Array.from(
        groups.values(),
        (group) => Array.from(group.channels.values(), (channel) => [group, channel] as const)
      ).flat()
      const silent = all.filter(([, channel]) => channel.seenAt < limit)
      for (const [group, channel] of silent) leave(group, channel.connection, true)
      return expired(all.map(([, channel]) => channel), limit)
    },
    subscribersOf: (topic) =>
      Array.from(groups.values()).filter((group) => group.subscriptions.has(topic)).map((group) => group.name),
    clear: () => groups.clear()
  }
}

export interface Producers {
  readonly register: (group: string, channel: Channel) => void
  /** As in Java, the client is not found by its id any more, until it has a group that is new on its connection. */
  readonly unregister: (group: string, connection: Connection, clientId: string) => void
  readonly drop: (connection: Connection) => void
  readonly expire: (limit: number) => Expired
  readonly channels: (group: string) => ReadonlyArray<Channel> | undefined
  readonly all: () => ReadonlyArray<readonly [group: string, channels: ReadonlyArray<Channel>]>
  /** Some open connection of a member of the group; taken in turn. */
  readonly available: (group: string) => Connection | undefined
  /** The connection of a client id, whatever its group. */
  readonly byClientId: (clientId: string) => Connection | undefined
  readonly clear: () => void
}

export const makeProducers = (): Producers => {
  const groups = new Map<string, Map<Connection, Channel>>()
  const clients = new Map<string, Connection>()
  let turn = 0

  const leave = (name: string, connection: Connection) => {
    const channels = groups.get(name)
    if (channels?.delete(connection) && channels.size === 0) groups.delete(name)
  }
  const forget = (connection: Connection) => {
    for (const [clientId, of] of Array.from(clients)) if (of === connection) clients.delete(clientId)
  }
  return {
    register: (name, channel) => {
      let channels = groups.get(name)
      if (channels === undefined) groups.set(name, channels = new Map())
      if (!channels.has(channel.connection)) clients.set(channel.clientId, channel.connection)
      channels.set(channel.connection, channel)
    },
    unregister: (name, connection, clientId) => {
      if (!groups.has(name)) return
      leave(name, connection)
      clients.delete(clientId)
    },
    drop: (connection) => {
      for (const name of Array.from(groups.keys())) leave(name, connection)
      forget(connection)
    },
    expire: (limit) => {
      const all = Array.from(
        groups,
        ([name, channels]) => Array.from(channels.values(), (channel) => [name, channel] as const)
      ).flat()
      for (const [name, channel] of all) {
        if (channel.seenAt >= limit) continue
        leave(name, channel.connection)
        forget(channel.connection)
      }
      return expired(all.map(([, channel]) => channel), limit)
    },
    channels: (name) => {
      const channels = groups.get(name)
      return channels === undefined ? undefined : Array.from(channels.values())
    },
    all: () => Array.from(groups, ([name, channels]) => [name, Array.from(channels.values())] as const),
    available: (name) => {
      const open = Array.from(groups.get(name)?.keys() ?? []).filter((connection) => connection.isOpen())
      return open.length === 0 ? undefined : open[turn++ % open.length]
    },
    byClientId: (clientId) => clients.get(clientId),
    clear: () => {
      groups.clear()
      clients.clear()
    }
  }
}
