// How much memory each process of `npm start` takes, idle and while turns run 16 at once.
import { setTimeout } from 'node:timers/promises'
import type { RunFile } from '../bin/supervisor/run-file.ts'
import { residentBytes } from '../platform/parsing/resident-bytes.ts'
import { signUp } from '../test/support/api-client.ts'
import { startBenchPlatform } from './bench-platform.ts'
import type { Benchmark, Row } from './benchmark.ts'
import { atOnce } from './interleave.ts'
import { quickModel, startMockModel } from './mock-model.ts'
import { newChat, runTurn } from './turns.ts'

const everyMs = 200
const idleSamples = 10
const turnsAtOnce = 16
const roundsOfTurns = 15
const megabyte = 1024 * 1024

/** By pid: one process may play two parts. */
const processesOf = ({ processes }: RunFile): [name: string, pid: number][] => {
  const { supervisor, api, worker, database, temporal } = processes
  const parts: [string, number | null][] = [
    ['supervisor', supervisor],
    [api === worker ? 'API and workers' : 'API', api],
    ...(api === worker ? [] : [['workers', worker] as [string, number | null]]),
    ['database', database],
    ['Temporal', temporal],
  ]
  return parts.flatMap(([name, pid]) => (pid === null ? [] : [[name, pid]]))
}

/** Takes one sample of each process every 200 ms until it is stopped; resolves to them by name, in megabytes. */
async function watch(run: RunFile, until: (taken: number) => boolean): Promise<Map<string, number[]>> {
  const processes = processesOf(run)
  const samples = new Map(processes.map(([name]) => [name, [] as number[]]))
  for (let taken = 0; !until(taken); taken += 1) {
    for (const [name, pid] of processes) samples.get(name)?.push((await residentBytes(pid)) / megabyte)
    await setTimeout(everyMs)
  }
  return samples
}

export const memory: Benchmark = {
  name: 'memory',
  run: async (context) => {
    const model = await startMockModel(quickModel, context)
    const { run } = await startBenchPlatform(context, model.environment)
    const client = await signUp(run.apiUrl)
    const idle = await watch(run, (taken) => taken >= idleSamples)
    let ended = false
    const load = async (): Promise<void> => {
      try {
        for (let round = 0; round < context.times(roundsOfTurns); round += 1) {
          await atOnce(turnsAtOnce, async () => runTurn(client, await newChat(client)))
        }
      } finally {
        ended = true
      }
    }
    const [loaded] = await Promise.all([watch(run, (taken) => ended && taken > 0), load()])
    return [...loaded].map(
      ([name, samples]): Row => ({
        measured: { name: `memory of ${name}, ${turnsAtOnce} turns at once`, unit: 'MB', samples },
        baseline: { name: 'idle', unit: 'MB', samples: idle.get(name) ?? [] },
      }),
    )
  },
}
