import type { BrokerHealth, FaultTolerance, State } from "../FaultTolerance.js"

class HealthImpl implements BrokerHealth {
  readonly brokerName: string
  address: string
  state: State = "Unknown"
  avoidedUntil = 0
  lastError: unknown = undefined
  private readonly probeInterval: number

  constructor(brokerName: string, address: string, probeInterval: number) {
    this.brokerName = brokerName
    this.address = address
    this.probeInterval = probeInterval
  }

  tryAcquire(now: number, probeTimeout: number): boolean {
    if (this.state !== "Avoided") return true
    if (now < this.avoidedUntil) return false
    this.avoidedUntil = now + probeTimeout
    return true
  }

  succeeded(): void {
    this.state = "Available"
    this.lastError = undefined
  }

  failed(error: unknown, now: number): void {
    this.state = "Avoided"
    this.avoidedUntil = now + this.probeInterval
    this.lastError = error
  }

  abandoned(now: number): void {
    if (this.state === "Avoided") this.avoidedUntil = now
  }
}

/** @internal */
export const make = (probeInterval: number): FaultTolerance => {
  const brokers = new Map<string, HealthImpl>()
  return {
    broker: (brokerName, address) => {
      const known = brokers.get(brokerName)
      if (known === undefined) {
        const health = new HealthImpl(brokerName, address, probeInterval)
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
