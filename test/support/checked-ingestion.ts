// A document whose ingestion is watched while processes die: in the end each of its chunks is there once, in order, and
// each has its vector.
import { randomUUID } from 'node:crypto'
import { openDatabase } from '../../db/database.ts'
import { documentStatuses } from '../../domain/documents/document.ts'
import type { ApiClient } from './api-client.ts'
import { type Tally, countFaults } from './chaos.ts'
import { persistently } from './checked-turn.ts'
import { followDocumentPersistently } from './follow.ts'

/** Every section becomes a chunk of its own. */
export const sections = 330

const markOf = (index: number): string => `mark${String(index).padStart(4, '0')}`
const marks = Array.from({ length: sections }, (_, index) => markOf(index))

/** −2: the upload goes out; −1: it is answered; then 1,000 for each step of the ingestion, and the embedded chunks. */
export const ingestionPoints = { uploading: -2, answered: -1, step: 1_000 } as const

function makeDocument(): Buffer {
  const salt = randomUUID()
  const words = 'The keepers write down the wind, the tide and every light that passes the shoal at night. '
  const text = marks.map((mark) => `## Section ${mark}\n\n${mark} ${words.repeat(4)}\n`).join('\n')
  return Buffer.from(`# Log ${salt}\n\n${text}`)
}

async function readChunks(client: ApiClient, documentId: string): Promise<{ ordinal: number; text: string }[]> {
  const chunks: { ordinal: number; text: string }[] = []
  for (let cursor = ''; ; ) {
    const { body } = await persistently(() => client.get(`/documents/${documentId}/chunks?limit=100${cursor}`))
    chunks.push(...body['data'])
    if (body['hasMore'] !== true) return chunks
    cursor = `&after=${body['nextCursor']}`
  }
}

async function countVectors(databaseUrl: string, documentId: string): Promise<number> {
  const db = openDatabase({ url: databaseUrl, poolSize: 1 })
  try {
    const [model] = await db.query<{ name: string }>('select table_name as name from embedding_models where active')
    const [row] = await db.query<{ count: number }>(
      `select count(*)::int as count from ${model?.name} where document_id = $1`,
      [documentId],
    )
    return row?.count ?? 0
  } finally {
    await db.close()
  }
}

/** Uploads a new document, waits until it is indexed, and adds what is missing or too much to the tally. */
export async function runCheckedIngestion(
  tally: Tally,
  options: {
    readonly client: ApiClient
    readonly databaseUrl: string
    readonly onPoint?: (point: number) => void
  },
): Promise<void> {
  const { client, databaseUrl } = options
  const onPoint = options.onPoint ?? (() => {})
  const file = { filename: 'log.md', bytes: makeDocument() }
  tally.turns += 1
  const uploading = persistently(() => client.upload(file))
  onPoint(ingestionPoints.uploading)
  const { id } = (await uploading).body['document']
  onPoint(ingestionPoints.answered)
  const last = await followDocumentPersistently(client, id, ({ data }) => {
    const { status, progress } = data['document']
    onPoint(documentStatuses.indexOf(status) * ingestionPoints.step + progress.done)
  })
  if (last.event !== 'document.indexed') throw new Error(`the ingestion ended with ${JSON.stringify(last.data)}`)
  const chunks = await readChunks(client, id)
  countFaults(
    tally,
    marks,
    chunks.map(({ text }) => /mark\d{4}/.exec(text)?.[0] ?? text),
  )
  if (chunks.some(({ ordinal }, index) => ordinal !== index)) tally.outOfOrder += 1
  const vectors = await countVectors(databaseUrl, id)
  tally.messagesLost += Math.max(0, sections - vectors)
  tally.messagesDuplicated += Math.max(0, vectors - sections)
}
