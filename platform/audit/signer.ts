// Signs checkpoints, and remembers beside its key what it has signed last: whoever rewrites the database finds that nobody
// signs what doesn't continue the past. What is remembered is on disk before a signature leaves.
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../domain/errors.ts'
import type { Config } from '../config.ts'
import { loadKeys } from '../keys.ts'
import type { Logger } from '../logger.ts'
import { replaceFile } from '../whole-file.ts'
import {
  type Checkpoint,
  NoteError,
  formatCheckpoint,
  privateKeyOf,
  publicKeyOf,
  signNote,
  verifyNote,
} from './checkpoint-note.ts'
import { verifyConsistency } from './verify-proof.ts'

export interface SigningRequest extends Checkpoint {
  /** The proof that this tree continues the one of `from` leaves. */
  readonly prove: (from: number) => Promise<readonly Buffer[]>
  /** The newest note that the database has under this origin: stands in for a memory that was lost. */
  readonly latestNote: string | undefined
}

export interface AuditSigner {
  /** 32 bytes each; the first signs now, the others have signed before. */
  readonly publicKeys: readonly Buffer[]
  /**
   * Resolves to the signed note. One call at a time over all processes that share the data directory. Throws
   * `audit.checkpoint_refused` for what doesn't continue the last checkpoint under this origin.
   */
  sign(request: SigningRequest): Promise<string>
}

const memorySchema = z.record(z.string(), z.object({ size: z.int().nonnegative(), root: z.base64() }))
type Memory = z.infer<typeof memorySchema>

/** Origin → the last checkpoint that was signed under it. */
async function recall(file: string): Promise<Memory> {
  try {
    return memorySchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return {}
    throw new AppError('audit.checkpoint_refused', { detail: `${file} can’t be read: it says what was signed.`, cause })
  }
}

function refuse(why: string): never {
  throw new AppError('audit.checkpoint_refused', {
    detail: `${why} If this database was restored on purpose, give CDSA_AUDIT_GENERATION a new value.`,
  })
}

interface Signed {
  readonly size: number
  readonly root: Buffer
}

async function requireContinuation(last: Signed, { size, root, origin, prove }: SigningRequest): Promise<void> {
  if (size < last.size) refuse(`The audit log ${origin} has ${size} leaves, but ${last.size} were signed.`)
  if (size === last.size && !root.equals(last.root)) refuse(`The audit log ${origin} differs from what was signed.`)
  if (size === last.size || last.size === 0) return
  const hashes = await prove(last.size)
  if (verifyConsistency({ from: last.size, to: size, fromRoot: last.root, toRoot: root, hashes })) return
  refuse(`The audit log ${origin} doesn’t continue the ${last.size} leaves that were signed.`)
}

export async function createAuditSigner(options: {
  readonly config: Pick<Config, 'keys' | 'dataDir'>
  readonly log: Logger
}): Promise<AuditSigner> {
  const keys = (await loadKeys(options, 'audit')).map(({ key }) => privateKeyOf(key))
  const publicKeys = keys.map(publicKeyOf)
  const [privateKey] = keys
  if (privateKey === undefined) throw new AppError('internal', { detail: 'There is no audit key.' })
  const directory = join(options.config.dataDir, 'keys')
  const file = join(directory, 'audit-checkpoint')

  const readNote = (note: string, origin: string): Signed => {
    try {
      return verifyNote(
        note,
        publicKeys.map((publicKey) => ({ origin, publicKey })),
      )
    } catch (error) {
      if (error instanceof NoteError) refuse(`The newest checkpoint in the database isn’t ours: ${error.message}`)
      throw error
    }
  }
  const lastOf = (memory: Memory, { origin, latestNote }: SigningRequest): Signed | undefined => {
    const known = memory[origin]
    if (known !== undefined) return { size: known.size, root: Buffer.from(known.root, 'base64') }
    return latestNote === undefined ? undefined : readNote(latestNote, origin)
  }
  return {
    publicKeys,
    sign: async (request) => {
      const { origin, size, root } = request
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const memory = await recall(file)
      const last = lastOf(memory, request)
      if (last !== undefined) await requireContinuation(last, request)
      const signed: Memory = { ...memory, [origin]: { size, root: root.toString('base64') } }
      await replaceFile(file, `${JSON.stringify(signed)}\n`)
      return signNote(formatCheckpoint({ origin, size, root }), { origin, privateKey })
    },
  }
}
