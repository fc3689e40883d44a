// Measures several subjects in turn, round by round, so that what slows the machine down slows all of them down. The
// order rotates: no subject always runs in another one's wake.

/** One round of a subject: resolves to its samples once nothing of it is left running. */
export type Subject = (round: number) => Promise<readonly number[]>

export interface Rounds {
  readonly rounds: number
  /** Rounds before them whose samples are dropped. */
  readonly warmUp: number
}

/** Resolves to the samples of each subject, by its name. */
export async function interleave<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  { rounds, warmUp }: Rounds,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(subjects) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const index of names.keys()) {
      const name = names[(index + warmUp + round) % names.length]
      if (name === undefined) continue
      const taken = await subjects[name](round)
      if (round >= 0) samples[name].push(...taken)
    }
  }
  return samples
}

/** Runs `work` so many times at once; resolves to what each of them gave. */
export const atOnce = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
