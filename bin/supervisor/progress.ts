// What the person at the terminal reads while the platform starts: one line for each finished step, with its time, and
// a line every few seconds while a step is slow, so that nobody has to guess whether it hangs.

export interface Progress {
  line(text: string): void
  /** Reports how long the work took, or that it failed; passes its result or error on. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>
}

const reminderMs = 5_000
const nameWidth = 12

export function createProgress(options: {
  write(text: string): void
  readonly reminderMs?: number
  now?(): number
}): Progress {
  const { write, now = Date.now } = options
  const report = (name: string, text: string): void => write(`  ${name.padEnd(nameWidth)} ${text}\n`)
  return {
    line: (text) => write(`${text}\n`),
    step: async (name, work) => {
      const startedAt = now()
      const seconds = (): string => `${((now() - startedAt) / 1000).toFixed(1)} s`
      const reminder = setInterval(() => report(name, `still working, ${seconds()}`), options.reminderMs ?? reminderMs)
      try {
        const result = await work()
        report(name, `ready in ${seconds()}`)
        return result
      } catch (error) {
        report(name, `failed after ${seconds()}`)
        throw error
      } finally {
        clearInterval(reminder)
      }
    },
  }
}
