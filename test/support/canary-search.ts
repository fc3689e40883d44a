// Looks for a known value in everything that a platform keeps: its database, its workflows' histories (as they are stored and
// as whoever has the key reads them), every file; in each form that a value travels in.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import type { Payload } from '@temporalio/common'
import { expect } from 'chai'
import type { Db } from '../../db/database.ts'
import { parseConfig } from '../../platform/config.ts'
import { loadPlatformKeys } from '../../platform/keys.ts'
import { createLogger } from '../../platform/logger.ts'
import { createDataConverter } from '../../platform/temporal/data-converter.ts'
import { createTemporalClient } from '../../platform/temporal/temporal-client.ts'
import type { PlatformProcess } from './platform-process.ts'

/** Base64 in its three alignments, without the ends that depend on what stands around. */
function base64Pieces(value: string): string[] {
  const pieces = [0, 1, 2].map((before) =>
    Buffer.from('x'.repeat(before) + value)
      .toString('base64')
      .slice(4, -4),
  )
  return [...pieces, ...pieces.map((piece) => piece.replaceAll('+', '-').replaceAll('/', '_'))]
}

function formsOf(value: string): string[] {
  const url = encodeURIComponent(value)
  const form = new URLSearchParams([['', value]]).toString().slice(1)
  const lower = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())
  const plain = [value, value.toUpperCase(), url, lower(url), form, lower(form), JSON.stringify(value).slice(1, -1)]
  return [...new Set([...plain, Buffer.from(value).toString('hex'), ...base64Pieces(value)])]
}

/** Whether something holds the value. */
export function createCanarySearch(value: string): (held: string | Uint8Array) => boolean {
  const forms = formsOf(value)
  return (held) => {
    if (typeof held === 'string') return forms.some((form) => held.includes(form))
    const bytes = Buffer.from(held)
    return forms.some((form) => bytes.includes(form))
  }
}

/** Every row that the application may read. */
export async function dumpDatabase(db: Db): Promise<string> {
  const tables = await db.query<{ name: string }>(
    `select format('%I', relname) as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  )
  // A partition's rows are its table's; the application may read them there alone.
  expect(tables.map(({ name }) => name)).to.include.members(['secret_versions', 'audit_events'])
  const texts = await Promise.all(tables.map(({ name }) => db.query(`select t::text as row from ${name} t`)))
  return JSON.stringify(texts)
}

export interface Histories {
  readonly temporal: Client
  /** Of every workflow: as it is stored, and what its payloads say. */
  read(): Promise<string>
}

const isPayload = (value: object): value is Payload => 'data' in value && 'metadata' in value

function payloadsIn(value: unknown): Payload[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  if (isPayload(value)) return [value]
  return Object.values(value).flatMap(payloadsIn)
}

export async function openHistories(platform: PlatformProcess): Promise<Histories> {
  const config = parseConfig({ TEMPORAL_ADDRESS: platform.run.temporalAddress, CDSA_DATA_DIR: platform.dataDir })
  const keys = await loadPlatformKeys({ config, log: createLogger({ level: 'silent' }) })
  const temporal = await createTemporalClient(config, keys)
  const codecs = createDataConverter({ config, keys }).payloadCodecs ?? []
  const open = async (payloads: Payload[]): Promise<string> => {
    let opened = payloads
    for (const codec of codecs) opened = await codec.decode(opened)
    return opened.map(({ data }) => Buffer.from(data ?? []).toString('utf8')).join('\n')
  }
  return {
    temporal,
    read: async () => {
      const texts: string[] = []
      for await (const { workflowId, runId } of temporal.workflow.list()) {
        const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory()
        texts.push(JSON.stringify(history), await open(payloadsIn(history)))
      }
      return texts.join('\n')
    },
  }
}

/** The names of the files that hold the value. */
export async function filesWith(directory: string, isIn: (held: Uint8Array) => boolean): Promise<string[]> {
  const found: string[] = []
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  expect(entries.map(({ name }) => name)).to.include('run.json')
  for (const { parentPath, name } of entries.filter((entry) => entry.isFile())) {
    // What is gone since it was listed held nothing.
    const bytes = await readFile(join(parentPath, name)).catch(() => Buffer.alloc(0))
    if (isIn(bytes)) found.push(name)
  }
  return found
}
