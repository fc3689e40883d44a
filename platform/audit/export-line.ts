// One line of an export: its form, and whether the entry is what its hash and its commitments say.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalize } from '../../domain/audit/jcs.ts'
import { type Disclosure, disclosureSchema, hashText } from '../../domain/audit/leaf.ts'
import { leafHash } from './merkle.ts'
import { StrictJsonError, parseStrictJson } from './strict-json.ts'

const leafSchema = z.looseObject({ personal: z.record(z.string(), z.string()).optional() })
const entrySchema = z.strictObject({
  leafIndex: z.int().nonnegative(),
  leafHash: hashText,
  leaf: leafSchema.nullable(),
  disclosures: z.array(disclosureSchema),
})
const lineSchema = z.union([entrySchema, z.strictObject({ checkpoint: z.string() })])

export type ExportEntry = z.infer<typeof entrySchema>
export type ExportLine = z.infer<typeof lineSchema>

/** What is wrong with a line, as the end of a sentence that begins with the entry. */
export class LineFault extends Error {
  override readonly name = 'LineFault'
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readText(line: Uint8Array): string {
  try {
    return utf8.decode(line)
  } catch {
    throw new LineFault('isn’t UTF-8')
  }
}

/** Reads a line. Throws LineFault when it isn't an entry or a checkpoint, or could be read in two ways. */
export function parseLine(line: Uint8Array): ExportLine {
  const text = readText(line)
  try {
    const result = lineSchema.safeParse(parseStrictJson(text))
    if (result.success) return result.data
  } catch (error) {
    if (error instanceof StrictJsonError) throw new LineFault(error.message, { cause: error })
    // Nesting that no leaf has exhausts the stack.
    if (!(error instanceof RangeError)) throw error
  }
  throw new LineFault('isn’t of the form {leafIndex, leafHash, leaf, disclosures}')
}

/** SHA-256(salt ‖ JCS(value)), base64. */
export const commitmentOf = ({ salt, value }: Pick<Disclosure, 'salt' | 'value'>): string =>
  createHash('sha256').update(Buffer.from(salt, 'base64')).update(canonicalize(value)).digest('base64')

function checkDisclosures({ leaf, disclosures }: ExportEntry): void {
  const names = new Set<string>()
  for (const disclosure of disclosures) {
    const { name } = disclosure
    if (names.has(name)) throw new LineFault(`discloses “${name}” twice`)
    names.add(name)
    const commitments = new Map(Object.entries(leaf?.personal ?? {}))
    if (!commitments.has(name)) throw new LineFault(`discloses “${name}”, to which its leaf doesn’t commit`)
    if (commitments.get(name) !== commitmentOf(disclosure))
      throw new LineFault(`discloses a “${name}” that isn’t the one its leaf commits to`)
  }
}

/** The hash of an entry whose leaf and disclosures fit it. Throws LineFault. */
export function checkEntry(entry: ExportEntry): Buffer {
  const stated = Buffer.from(entry.leafHash, 'base64')
  try {
    if (entry.leaf !== null && !leafHash(Buffer.from(canonicalize(entry.leaf))).equals(stated))
      throw new LineFault('has a leaf that doesn’t hash to its leafHash')
    checkDisclosures(entry)
  } catch (error) {
    if (error instanceof LineFault) throw error
    throw new LineFault('holds a value that has no canonical form', { cause: error })
  }
  return stated
}

/** The line of an entry or of the checkpoint as an export writes it, with its newline. */
export const formatLine = (line: ExportEntry | { readonly checkpoint: string }): string => `${canonicalize(line)}\n`
