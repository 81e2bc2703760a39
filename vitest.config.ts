import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The slowest, which would otherwise be left alone at the end. */
const slowest =
  /\/(blackbox|engines|package)\/|reply-abuse|listed-errors|secret-expiry|model-paths|simulation\/|docs\/commands/

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isSlow = ({ moduleId }: TestSpecification) => slowest.test(moduleId)
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // A worker keeps its modules: to import them anew for each file took a third of the whole run.
    isolate: false,
    // More than cores: many tests wait for a process, a time-out or a provider.
    maxWorkers: 3,
    sequence: { sequencer: SlowestFirst },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: {
      include: ['src/**/*.ts', 'machines/**/*.ts'],
      exclude: ['src/client/dist/**', 'test/**'],
      reporter: ['text', 'json-summary'],
    },
  },
})
