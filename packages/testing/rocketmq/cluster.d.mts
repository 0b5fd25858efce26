export declare class ClusterError extends Error {}

export interface Options {
  readonly base: number
  readonly dir: string
  readonly auth: boolean
  readonly brokers: number
  readonly heap: string
  readonly sets: ReadonlyArray<string>
  readonly slaves: boolean
  readonly interrupted?: () => boolean
}

/** What keeps a cluster from starting on this machine, if anything does. */
export declare const missing: () => string | undefined
export declare const up: (options: Options) => Promise<string>
export declare const down: (dir: string) => Promise<void>
export declare const kill: (dir: string, name: string) => Promise<void>
export declare const start: (dir: string, name: string) => Promise<void>
export declare const freeze: (dir: string, name: string, how: "SIGSTOP" | "SIGCONT") => void
