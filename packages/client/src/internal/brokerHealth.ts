import type { BrokerHealth, FaultTolerance, State } from "../FaultTolerance.js"

/** Times in milliseconds. */
interface Settings {
  /** Absent: failures leave no trace. */
  readonly probeInterval: number | undefined
  /** Latency and pause, in rising order. */
  readonly latencies: ReadonlyArray<readonly [atLeast: number, avoidFor: number]>
}

class HealthImpl implements BrokerHealth {
  readonly brokerName: string
  address: string
  state: State = "Unknown"
  avoidedUntil = 0
  lastError: unknown = undefined
  private readonly settings: Settings

  constructor(brokerName: string, address: string, settings: Settings) {
    this.brokerName = brokerName
    this.address = address
    this.settings = settings
  }

  tryAcquire(now: number, probeTimeout: number): boolean {
    if (this.state !== "Avoided") return true
    if (now < this.avoidedUntil) return false
    this.avoidedUntil = now + probeTimeout
    return true
  }

  isSlow(now: number): boolean {
    return this.state === "Slow" && now < this.avoidedUntil
  }

  succeeded(duration: number, now: number): void {
    this.lastError = undefined
    const pause = this.settings.latencies.filter(([atLeast]) => duration >= atLeast).at(-1)?.[1] ?? 0
    if (pause > 0) {
      this.state = "Slow"
      this.avoidedUntil = now + pause
    } else if (!this.isSlow(now)) {
      this.state = "Available"
      this.avoidedUntil = 0
    }
  }

  failed(error: unknown, now: number): void {
    this.lastError = error
    if (this.settings.probeInterval === undefined) return
    this.state = "Avoided"
    this.avoidedUntil = now + this.settings.probeInterval
  }

  abandoned(now: number): void {
    if (this.state === "Avoided") this.avoidedUntil = now
  }
}

/** @internal */
export const make = (settings: Settings): FaultTolerance => {
  const brokers = new Map<string, HealthImpl>()
  return {
    slowFrom: settings.latencies[0]?.[0] ?? Infinity,
    brokers: () => Array.from(brokers.values()),
    broker: (brokerName, address) => {
      const known = brokers.get(brokerName)
      if (known === undefined) {
        const health = new HealthImpl(brokerName, address, settings)
        brokers.set(brokerName, health)
        return health
      }
      if (known.address !== address) {
        known.address = address
        known.state = "Unknown"
        known.lastError = undefined
      }
      return known
    }
  }
}
