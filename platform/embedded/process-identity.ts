// Tells whether a process is still the one that a file named: pids are used again, so the start time belongs to it.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Of Linux' /proc/<pid>/stat, counted after the command's name in parentheses (proc(5): fields 3 and 22). */
const stateField = 0
const startTimeField = 19

export interface ProcessIdentity {
  readonly pid: number
  /** When it started, as the system writes it; empty where that can't be known (Windows). */
  readonly startedAt: string
}

async function startTimeOnLinux(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const isDead = ['Z', 'X', 'x'].includes(fields[stateField] ?? '')
  if (isDead || fields[startTimeField] === undefined) return undefined
  // Start times count from the boot, and pids begin anew with it.
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')
  return `${boot.trim()}/${fields[startTimeField]}`
}

async function startTimeByPs(pid: number): Promise<string | undefined> {
  const output = await promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', `${pid}`], {
    env: { LC_ALL: 'C' },
  }).catch(() => undefined)
  const line = output?.stdout.trim() ?? ''
  return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process can't be signalled, but is there.
    return (error as { code?: unknown }).code === 'EPERM'
  }
}

/** Undefined when no live process has this pid. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (!exists(pid)) return undefined
  if (process.platform === 'win32') return { pid, startedAt: '' }
  const startedAt = await (process.platform === 'linux' ? startTimeOnLinux(pid) : startTimeByPs(pid))
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** True while exactly this process lives. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const current = await identifyProcess(identity.pid)
  return current?.startedAt === identity.startedAt
}
