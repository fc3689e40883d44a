// What holds for every test: writing to console.error fails it, because only an unexpected fault would write there, and
// whatever the tests share is stopped after the last one.
import { format } from 'node:util'
import { stopEmbeddedTestDatabase } from './database.ts'
import { stopSharedPlatform } from './shared-platform.ts'

type TestFunction = NonNullable<Mocha.Runnable['fn']>

/** Failing from an `afterEach` hook would end the whole run; so the check becomes part of the test's own function. */
function failingOnConsoleError(run: TestFunction): Mocha.AsyncFunc {
  return async function (this: Mocha.Context) {
    const written: string[] = []
    const original = console.error
    console.error = (...values: unknown[]) => void written.push(format(...values))
    try {
      await (run as Mocha.AsyncFunc).call(this)
    } finally {
      console.error = original
    }
    if (written.length > 0) throw new Error(`The test wrote to console.error:\n${written.join('\n')}`)
  }
}

export const mochaHooks: Mocha.RootHookObject = {
  beforeEach(this: Mocha.Context) {
    const test = this.currentTest
    // A test that takes a callback is left alone: it can't be wrapped without taking over its end.
    if (test?.fn !== undefined && test.fn.length === 0) test.fn = failingOnConsoleError(test.fn)
  },
  afterAll: async () => {
    await stopSharedPlatform()
    await stopEmbeddedTestDatabase()
  },
}
