// Checks an export of the log from its own bytes: every entry, their order, the root that they make, who signed it, and
// that it continues the checkpoints that somebody kept. It knows no database and no network.
import { type Note, NoteError, type TrustedKey, verifyNote } from './checkpoint-note.ts'
import { type ExportEntry, LineFault, checkEntry, parseLine } from './export-line.ts'
import { emptyRoot } from './merkle.ts'
import { readLines } from './read-lines.ts'
import { buildRoot } from './root-builder.ts'

/** An export that can't be relied on; the message says why. `index` is the first bad entry, where one can be named. */
export class ExportFault extends Error {
  override readonly name = 'ExportFault'
  readonly index: number | undefined

  constructor(message: string, { index, cause }: { readonly index?: number; readonly cause?: unknown } = {}) {
    super(message, { cause })
    this.index = index
  }
}

/** A checkpoint that was kept outside the log, under the name by which a person knows it. */
export interface KeptCheckpoint {
  readonly name: string
  readonly note: string
}

export interface VerifyExportOptions {
  readonly chunks: AsyncIterable<Uint8Array>
  readonly keys: readonly TrustedKey[]
  readonly kept?: readonly KeptCheckpoint[]
  /** Entries below this index may lack their leaf: retention has dropped them. None by default. */
  readonly droppedBefore?: number
}

export interface VerifiedExport {
  readonly checkpoint: Note
  /** Entries without their leaf. */
  readonly dropped: number
  /** Personal values that open their commitments. */
  readonly disclosed: number
  /** Commitments without their value. */
  readonly withheld: number
  /** The kept checkpoints that this export continues. */
  readonly continues: readonly (KeptCheckpoint & { readonly size: number })[]
}

function readNote(note: string, keys: readonly TrustedKey[], what: string): Note {
  try {
    return verifyNote(note, keys)
  } catch (error) {
    if (error instanceof NoteError) throw new ExportFault(`${what}: ${error.message}`, { cause: error })
    throw error
  }
}

interface OldCheckpoint extends KeptCheckpoint {
  readonly checkpoint: Note
}

interface Reading {
  readonly builder: ReturnType<typeof buildRoot>
  /** The root after each size that a kept checkpoint names. */
  readonly roots: Map<number, Buffer>
  readonly sizes: ReadonlySet<number>
  readonly droppedBefore: number
  note: string | undefined
  dropped: number
  disclosed: number
  withheld: number
}

const entryFault = (index: number, what: string, cause?: unknown): ExportFault =>
  new ExportFault(`Entry ${index} ${what}.`, { index, cause })

function addEntry(entry: ExportEntry, reading: Reading): void {
  const { builder } = reading
  const index = builder.size
  if (entry.leafIndex > index) throw entryFault(index, `is missing: the next one is ${entry.leafIndex}`)
  if (entry.leafIndex < index) throw entryFault(index, `is out of order: there is entry ${entry.leafIndex} instead`)
  if (entry.leaf === null && index >= reading.droppedBefore) throw entryFault(index, 'has no leaf')
  builder.append(checkEntry(entry))
  if (reading.sizes.has(builder.size)) reading.roots.set(builder.size, builder.root())
  reading.dropped += entry.leaf === null ? 1 : 0
  reading.disclosed += entry.disclosures.length
  reading.withheld += Object.keys(entry.leaf?.personal ?? {}).length - entry.disclosures.length
}

async function readExport(chunks: AsyncIterable<Uint8Array>, reading: Reading): Promise<void> {
  const { builder } = reading
  try {
    for await (const bytes of readLines(chunks)) {
      if (reading.note !== undefined) throw new ExportFault('There is something after the checkpoint.')
      const line = parseLine(bytes)
      if ('checkpoint' in line) reading.note = line.checkpoint
      else addEntry(line, reading)
    }
  } catch (error) {
    if (error instanceof LineFault) throw entryFault(builder.size, error.message, error)
    if (error instanceof RangeError) throw entryFault(builder.size, 'is longer than any entry', error)
    throw error
  }
}

/** Which entries hold the fault: those after the last kept checkpoint that is still true, up to the first that isn't. */
function rootFault({ roots, builder }: Reading, old: readonly OldCheckpoint[]): ExportFault {
  const isTrue = ({ checkpoint: { size, root } }: OldCheckpoint): boolean => roots.get(size)?.equals(root) ?? false
  const begin = Math.max(0, ...old.filter(isTrue).map(({ checkpoint }) => checkpoint.size))
  const end = Math.min(builder.size, ...old.filter((one) => !isTrue(one)).map(({ checkpoint }) => checkpoint.size))
  const which = end - begin === 1 ? `Entry ${begin} isn’t` : `One of the entries ${begin} to ${end - 1} isn’t`
  return new ExportFault(`${which} what was signed: the entries don’t make the checkpoint’s root.`, { index: begin })
}

function checkSize(checkpoint: Note, size: number): void {
  if (size < checkpoint.size)
    throw entryFault(size, `is missing: the checkpoint is of ${checkpoint.size} entries, here are ${size}`)
  if (size > checkpoint.size)
    throw entryFault(
      checkpoint.size,
      `isn’t covered: the checkpoint is of ${checkpoint.size} entries, here are ${size}`,
    )
}

function checkContinues(checkpoint: Note, reading: Reading, old: readonly OldCheckpoint[]): void {
  for (const { name, checkpoint: kept } of old) {
    if (kept.origin !== checkpoint.origin)
      throw new ExportFault(`${name} is a checkpoint of ${kept.origin}, the export is of ${checkpoint.origin}.`)
    if (kept.size > checkpoint.size)
      throw entryFault(
        checkpoint.size,
        `is missing: ${name} is of ${kept.size} entries, the export of ${checkpoint.size}`,
      )
  }
  if (!reading.builder.root().equals(checkpoint.root)) throw rootFault(reading, old)
  for (const { name, checkpoint: kept } of old) {
    if (reading.roots.get(kept.size)?.equals(kept.root) === true) continue
    const detail = `the log was forked or rewritten before entry ${kept.size}`
    throw new ExportFault(`The export doesn’t continue ${name}: ${detail}.`)
  }
}

/** Reads and checks a whole export in one pass, in constant memory. Throws ExportFault. */
export async function verifyExport(options: VerifyExportOptions): Promise<VerifiedExport> {
  const { chunks, keys, kept = [], droppedBefore = 0 } = options
  const old = kept.map((one) => ({ ...one, checkpoint: readNote(one.note, keys, one.name) }))
  const sizes = new Set(old.map(({ checkpoint }) => checkpoint.size))
  const counts = { note: undefined, dropped: 0, disclosed: 0, withheld: 0 }
  const reading: Reading = { builder: buildRoot(), roots: new Map([[0, emptyRoot()]]), sizes, droppedBefore, ...counts }
  await readExport(chunks, reading)
  const { size } = reading.builder
  if (reading.note === undefined)
    throw new ExportFault(`The export breaks off at entry ${size}: its last line isn’t a checkpoint.`, { index: size })
  const checkpoint = readNote(reading.note, keys, 'The export’s checkpoint')
  checkSize(checkpoint, size)
  if (size === 0) throw new ExportFault('The export has no entries.')
  checkContinues(checkpoint, reading, old)
  const { dropped, disclosed, withheld } = reading
  const continues = old.map(({ name, note, checkpoint: { size } }) => ({ name, note, size }))
  return { checkpoint, dropped, disclosed, withheld, continues }
}
