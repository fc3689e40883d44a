// Every process that the supervisor spawned, written down at its spawn: after a SIGKILL nothing else would know them.
// The next start ends those that are still alive before it touches their files and ports.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { identifyProcess, isAlive } from '../../platform/embedded/process-identity.ts'
import { killGroup } from '../../platform/embedded/supervised-process.ts'
import type { Logger } from '../../platform/logger.ts'
import { readJsonFile, removeFile, writeJsonFile } from './json-file.ts'

/** In the order in which they are ended: whoever uses a part goes before it. */
const roles = ['application', 'api', 'worker', 'temporal', 'database'] as const
export type ProcessRole = (typeof roles)[number]

const entrySchema = z.object({ role: z.enum(roles), pid: z.number(), startedAt: z.string() })
export type RegisteredProcess = z.infer<typeof entrySchema>

export interface ProcessRegistry {
  /** One process a role: a restarted part replaces its dead one. */
  record(role: ProcessRole, pid: number): Promise<void>
  /** SIGKILLs the groups of all that live, and of what is started in their place. None that was there lives when it resolves. */
  killAll(): Promise<void>
  /** Once every process has ended. */
  clear(): void
}

/** A process that SIGKILL doesn't end is beyond us. */
const killMs = 5_000
const pollMs = 20

const pathOf = (dataDir: string): string => join(dataDir, 'processes.json')

function inEndingOrder(entries: readonly RegisteredProcess[]): RegisteredProcess[] {
  return entries.toSorted((one, other) => roles.indexOf(one.role) - roles.indexOf(other.role))
}

export function createProcessRegistry(dataDir: string): ProcessRegistry {
  const byRole = new Map<ProcessRole, RegisteredProcess>()
  const recording = new Set<Promise<void>>()
  let isCleared = false
  let isKilled = false
  const record = async (role: ProcessRole, pid: number): Promise<void> => {
    // Started in the place of one that was killed.
    if (isKilled) return killGroup(pid)
    const identity = await identifyProcess(pid)
    // Dead already, or everything is over: nothing that the next start would have to end.
    if (identity === undefined || isCleared) return
    byRole.set(role, { role, ...identity })
    writeJsonFile(pathOf(dataDir), [...byRole.values()])
  }
  return {
    record: async (role, pid) => {
      const recorded = record(role, pid)
      recording.add(recorded)
      await recorded.finally(() => recording.delete(recorded))
    },
    killAll: async () => {
      isKilled = true
      await Promise.allSettled(recording)
      const deadline = Date.now() + killMs
      for (;;) {
        const alive = await filterAlive([...byRole.values()])
        if (alive.length === 0 || Date.now() > deadline) return
        for (const { pid } of alive) killGroup(pid)
        await delay(pollMs)
      }
    },
    clear: () => {
      isCleared = true
      removeFile(pathOf(dataDir))
    },
  }
}

async function filterAlive(entries: readonly RegisteredProcess[]): Promise<RegisteredProcess[]> {
  const checked = await Promise.all(entries.map(async (entry) => ((await isAlive(entry)) ? [entry] : [])))
  return checked.flat()
}

function readRegisteredProcesses(dataDir: string): RegisteredProcess[] {
  return z.array(entrySchema).safeParse(readJsonFile(pathOf(dataDir))).data ?? []
}

async function untilDead(entry: RegisteredProcess, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs
  while (await isAlive(entry)) {
    if (Date.now() > deadline) return false
    await delay(pollMs)
  }
  return true
}

/** SIGTERM and, where that wasn't enough in time, SIGKILL for the process's whole group. */
async function end(entry: RegisteredProcess, graceMs: number): Promise<void> {
  try {
    process.kill(entry.pid, 'SIGTERM')
  } catch {
    return
  }
  if (await untilDead(entry, graceMs)) return
  killGroup(entry.pid)
  await untilDead(entry, graceMs)
}

/** Ends what a killed supervisor left behind, in order, and resolves to all that it had registered, dead or alive. */
export async function endLeftovers(options: {
  readonly dataDir: string
  readonly graceMs: number
  readonly log: Logger
}): Promise<RegisteredProcess[]> {
  const entries = inEndingOrder(readRegisteredProcesses(options.dataDir))
  for (const entry of await filterAlive(entries)) {
    options.log.warn({ part: entry.role, pid: entry.pid }, 'was left behind by a killed supervisor and is ended')
    await end(entry, options.graceMs)
  }
  removeFile(pathOf(options.dataDir))
  return entries
}
