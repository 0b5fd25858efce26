/**
 * The brokers of one name: a master, and slaves that copy from it.
 *
 * @since 0.1.0
 */
import type { Broker } from "./broker.js"
import type { Journal } from "./journal.js"
import * as Journals from "./journal.js"
import type { Entry } from "./journalFormat.js"
import { serverName } from "./names.js"
import type { Copying, Replicated } from "./replication.js"
import * as Replication from "./replication.js"
import * as Roles from "./roles.js"
import type { Handler, Server } from "./server.js"
import type { Timers } from "./timers.js"

/** One process. Its broker is another one after a switch. */
export interface Member {
  /** Where clients connect to. */
  readonly address: string
  readonly id: number
  readonly broker: Broker
  readonly journal: Journal
}

export interface Group {
  readonly name: string
  readonly master: () => Member
  /** By their ids: the master is the first. */
  readonly members: () => ReadonlyArray<Member>
  /** The id of the broker that the master tells consumers to pull from. */
  readonly suggest: (id: number) => void
  readonly setLag: (id: number, millis: number) => void
  readonly pause: (id: number, paused: boolean) => void
  /** Changes that a slave lacks. */
  readonly behind: (id: number) => number
  /** A slave that is up again goes on. */
  readonly goOn: () => void
  /** The master has lost something: slaves have what it has. */
  readonly copyAnew: () => void
  /** The first slave is the master, with what it has; the master is a slave of it. */
  readonly switchMaster: () => void
}

interface Slot extends Member {
  readonly replicated: Replicated | undefined
  readonly copying: Copying | undefined
}

export interface Options {
  readonly name: string
  /** Of the master, and of each slave. */
  readonly addresses: ReadonlyArray<string>
  readonly journal: Journal
  readonly timers: Timers
  /** Of what slaves keep, in milliseconds. */
  readonly flushInterval: number
  readonly version: number
  /** Whether a slave serves pulls. */
  readonly slaveReads: boolean
  /** Milliseconds that an answer waits for a slave; undefined: it does not. */
  readonly syncTimeout: number | undefined
  readonly broker: (options: {
    readonly server: string
    readonly address: string
    readonly journal: Journal
    readonly suggested: () => number
    readonly adapt: ((broker: Broker, table: Map<number, Handler>) => void) | undefined
  }) => Broker
  /** A server is at an address now. */
  readonly placed: (address: string, server: Server) => void
  /** A slave has more than before. */
  readonly copied: () => void
}

export const make = (options: Options): Group => {
  const { name, timers } = options
  const hasSlaves = options.addresses.length > 1
  let suggested = 0
  let published = 0
  let slots: ReadonlyArray<Slot> = []

  const slaves = () => slots.slice(1)
  const slave = (id: number): Slot => {
    const found = slots[id]
    if (found === undefined || id === 0) throw new Error(`${serverName(name, id)} is no slave`)
    return found
  }
  const publish = (entry: Entry) => {
    published++
    for (const { copying } of slaves()) copying!.push(entry)
  }
  const acknowledgements = options.syncTimeout === undefined ? undefined : Roles.synchronous({
    timers,
    timeout: options.syncTimeout,
    version: options.version,
    count: () => published,
    copied: () => Math.max(-1, ...slaves().map(({ copying }) => published - copying!.behind())),
    isSlaveUp: () => slaves().some(({ broker }) => broker.server.isUp())
  })
  const adaptSlave = Roles.slave({
    reads: options.slaveReads,
    isMasterUp: () => slots[0]!.broker.server.isUp()
  })

  /** A process at an address, new, with the state to begin with. */
  const place = (id: number, address: string, inner: Journal, begin?: ReadonlyArray<Entry>): Slot => {
    const replicated: Replicated | undefined = hasSlaves
      ? Replication.journal(inner, {
        begin,
        isSlave: id > 0,
        store: () => broker.store,
        // a process that is no more may still have timers
        publish: (entry) => {
          if (slots[0]?.replicated === replicated) publish(entry)
        },
        now: timers.now
      })
      : undefined
    const journal = replicated ?? inner
    const broker: Broker = options.broker({
      server: serverName(name, id),
      address,
      journal,
      suggested: () => id === 0 ? suggested : 0,
      adapt: id > 0 ? adaptSlave : acknowledgements?.adapt
    })
    options.placed(address, broker.server)
    const copying = replicated === undefined || id === 0 ? undefined : Replication.copying({
      timers,
      isUp: () => broker.server.isUp(),
      follow: replicated.follow,
      copied: () => {
        acknowledgements?.copied()
        options.copied()
      }
    })
    return { id, address, broker, journal, replicated, copying }
  }
  const memory = () => Journals.memory({ flushInterval: options.flushInterval, now: timers.now })
  /** Ends what is there; gives whether it was up. */
  const end = ({ broker, copying }: Slot): boolean => {
    const wasUp = broker.server.isUp()
    copying?.stop()
    broker.server.setUp(false)
    return wasUp
  }
  const placeSlaves = (all: ReadonlyArray<readonly [address: string, isUp: boolean]>) => {
    for (const [index, [address, isUp]] of all.entries()) {
      const slot = place(index + 1, address, memory(), slots[0]!.replicated!.state())
      slot.broker.server.setUp(isUp)
      slots = [...slots, slot]
    }
  }

  slots = [place(0, options.addresses[0]!, options.journal)]
  placeSlaves(options.addresses.slice(1).map((address) => [address, true]))

  return {
    name,
    master: () => slots[0]!,
    members: () => slots,
    suggest: (id) => {
      suggested = id
    },
    setLag: (id, millis) => slave(id).copying!.setLag(millis),
    pause: (id, paused) => slave(id).copying!.pause(paused),
    behind: (id) => slave(id).copying!.behind(),
    goOn: () => {
      for (const { copying } of slaves()) copying!.goOn()
    },
    copyAnew: () => {
      const before = slaves().map((slot) => [slot.address, end(slot)] as const)
      slots = slots.slice(0, 1)
      placeSlaves(before)
    },
    switchMaster: () => {
      const next = slave(1)
      const state = next.replicated!.state()
      const before = slots.map((slot) => [slot.address, end(slot)] as const)
      const [, [address, isUp]] = before as [typeof before[0], typeof before[0]]
      const master = place(0, address, memory(), state)
      master.broker.server.setUp(isUp)
      slots = [master]
      placeSlaves(before.filter(([of]) => of !== address))
    }
  }
}
