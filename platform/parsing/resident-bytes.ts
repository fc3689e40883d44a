// How much physical memory a process has. Linux says it in a file; elsewhere `ps` is asked.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Both give kibibytes. */
const ask = {
  proc: async (pid: number) => /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1],
  ps: async (pid: number) => (await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout,
}

/** 0 when there is no such process (any more). */
export async function residentBytes(
  pid: number | undefined,
  from: keyof typeof ask = process.platform === 'linux' ? 'proc' : 'ps',
): Promise<number> {
  if (pid === undefined) return 0
  try {
    return Number((await ask[from](pid)) ?? 0) * 1_024
  } catch {
    return 0
  }
}
