import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // A worker keeps its modules: to import them anew for each file took a third of the whole run.
    isolate: false,
    maxWorkers: 3,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: {
      include: ['src/**/*.ts', 'machines/**/*.ts'],
      exclude: ['src/client/dist/**'],
      reporter: ['text', 'json-summary'],
    },
  },
})
