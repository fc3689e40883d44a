// How much physical memory a process has. Linux says it in a file; elsewhere `ps` is asked.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const fromProc = async (pid: number): Promise<number> =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024

const fromPs = async (pid: number): Promise<number> =>
  Number((await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout) * 1_024

/** 0 when there is no such process (any more). */
export async function residentBytes(
  pid: number | undefined,
  read: (pid: number) => Promise<number> = process.platform === 'linux' ? fromProc : fromPs,
): Promise<number> {
  if (pid === undefined) return 0
  try {
    return (await read(pid)) || 0
  } catch {
    return 0
  }
}
