// Whether a process is alive, seen from outside.
import { identifyProcess } from '../../platform/embedded/process-identity.ts'

/** A zombie counts as dead: it holds nothing any more. */
export async function isProcessAlive(pid: unknown): Promise<boolean> {
  return typeof pid === 'number' && (await identifyProcess(pid)) !== undefined
}
