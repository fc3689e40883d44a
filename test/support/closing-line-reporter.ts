// Mocha's own report, and as its very last line the three totals in plain words, which people and scripts read alike.
// A process that doesn't end by itself after its tests has leaked something, and fails instead of hanging.
import Mocha from 'mocha'

const leakLimitMs = 15_000

/** Runs only if something keeps the process alive: the timer itself doesn't. */
function failOnLeak(): void {
  const timer = setTimeout(() => {
    const alive = [...new Set(process.getActiveResourcesInfo())].join(', ')
    process.stderr.write(`The tests have ended, but something keeps their process alive: ${alive}\n`)
    // Mocha sets the code by its count of failures in a handler of its own, which runs before this one.
    process.once('exit', () => {
      process.exitCode = 1
    })
    process.exit(1)
  }, leakLimitMs)
  timer.unref()
}

class ClosingLineReporter extends Mocha.reporters.Spec {
  override done(failures: number, fn?: (failures: number) => void): void {
    const { passes, failures: failed, pending } = this.stats
    process.stdout.write(`${passes} passed, ${failed} failed, ${pending} skipped\n`)
    failOnLeak()
    fn?.(failures)
  }
}

// oxlint-disable-next-line import/no-default-export -- mocha takes a reporter's default export
export default ClosingLineReporter
