import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "scripts",
    include: ["**/*.test.mjs"],
    // the first snippet waits until ESLint and its plugins are loaded
    testTimeout: 60_000
  }
})
