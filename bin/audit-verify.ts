// Checks an export of the audit log where the log isn't: `npm run audit:verify -- FILE --key VKEY [--checkpoint OLD]`.
// Ends with 0 when all of it holds, 1 when something doesn't (the first bad entry is named), 2 when it can't be run.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { NoteError, type TrustedKey, parseVerifierKey } from '../platform/audit/checkpoint-note.ts'
import { decodeBase64 } from '../platform/audit/strict-base64.ts'
import { ExportFault, type KeptCheckpoint, type VerifiedExport, verifyExport } from '../platform/audit/verify-export.ts'

const usage = `Usage: npm run audit:verify -- FILE --key VKEY [--checkpoint OLD]... [--dropped-before INDEX]

  FILE                    an export of the log: GET /api/v1/audit/export?format=ndjson
  --key VKEY              the log's public key, from a place that you trust: origin+keyid+base64, or base64 of 32 bytes
                          to accept it for any origin; may be given more than once
  --checkpoint OLD        a file with a checkpoint that you kept: the export must continue it; may be given more than once
  --dropped-before INDEX  entries below this index may lack their content: retention has dropped it
`

/** What keeps the check from being run: the arguments or the files. */
class UsageError extends Error {
  override readonly name = 'UsageError'
}

interface Arguments {
  readonly file: string
  readonly keys: readonly string[]
  readonly checkpoints: readonly string[]
  readonly droppedBefore: number
}

function readArguments(): Arguments {
  const text = { type: 'string', multiple: true } as const
  const options = { key: text, checkpoint: text, 'dropped-before': { type: 'string', default: '0' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0 || values.key === undefined) throw new UsageError(usage)
  const droppedBefore = Number(values['dropped-before'])
  if (!Number.isSafeInteger(droppedBefore) || droppedBefore < 0)
    throw new UsageError('--dropped-before takes an index.')
  return { file, keys: values.key, checkpoints: values.checkpoint ?? [], droppedBefore }
}

async function readKept(path: string): Promise<KeptCheckpoint> {
  const note = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${path} can’t be read.`, { cause: error })
  })
  return { name: path, note }
}

function readKey(text: string): TrustedKey {
  const bare = decodeBase64(text)
  if (bare?.length === 32) return { publicKey: bare }
  try {
    return parseVerifierKey(text)
  } catch (error) {
    throw new UsageError(error instanceof NoteError ? error.message : String(error), { cause: error })
  }
}

function describe({ checkpoint, dropped, disclosed, withheld, continues }: VerifiedExport): string {
  const lines = [
    `Verified: ${checkpoint.size} entries of ${checkpoint.origin}.`,
    `  Every entry is in its place and hashes to its leafHash${dropped === 0 ? '' : `; ${dropped} have no content any more`}.`,
    `  ${disclosed} personal values are those that were committed to; ${withheld} are withheld or erased.`,
    `  The entries make the root ${checkpoint.root.toString('base64')}, which the log’s key has signed.`,
    ...continues.map(({ name, size }) => `  They continue ${name}, of ${size} entries.`),
  ]
  return `${lines.join('\n')}\n`
}

async function run(): Promise<void> {
  const { file, keys, checkpoints, droppedBefore } = readArguments()
  const options = { keys: keys.map(readKey), kept: await Promise.all(checkpoints.map(readKept)), droppedBefore }
  process.stdout.write(describe(await verifyExport({ chunks: createReadStream(file), ...options })))
}

/** Whether the arguments or the files are at fault, rather than what is in them. */
const isUsage = (error: unknown): error is Error & { code?: string } =>
  error instanceof UsageError || /^(ERR_PARSE_ARGS|E[A-Z]+$)/.test(String((error as { code?: unknown }).code))

try {
  await run()
} catch (error) {
  if (!(error instanceof ExportFault) && !isUsage(error)) throw error
  process.stderr.write(error instanceof ExportFault ? `Not verified. ${error.message}\n` : `${error.message}\n`)
  process.exitCode = error instanceof ExportFault ? 1 : 2
}
