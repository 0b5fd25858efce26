import type { ViteUserConfig } from "vitest/config"
import shared from "./vitest.shared.js"

/** What belongs to the whole run; the rest belongs to each package, which takes it from `vitest.shared.ts` itself. */
const config: ViteUserConfig = {
  test: {
    poolOptions: shared.test!.poolOptions!
  }
}

export default config
