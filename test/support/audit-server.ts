// The API with the routes of the audit log, over a log that is really sealed and signed, on a database of its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditRoutes } from '../../api/audit/routes.ts'
import { appendAuditEvent } from '../../db/audit/events.ts'
import { newId } from '../../db/ids.ts'
import type { AuditEventInput } from '../../domain/audit/event.ts'
import { sealBatch, signNewestRoot } from '../../platform/audit/seal.ts'
import { createAuditSigner } from '../../platform/audit/signer.ts'
import { parseConfig } from '../../platform/config.ts'
import { createLogger } from '../../platform/logger.ts'
import { type ApiClient, createApiClient } from './api-client.ts'
import { type TestDatabase, startTestDatabase } from './database.ts'
import { as, startKernelServer } from './kernel-server.ts'
import type { OutsideKey } from './outside-verifier.ts'

export interface AuditServer {
  readonly database: TestDatabase
  readonly url: string
  readonly auditor: ApiClient
  readonly auditorId: string
  /** Writes an event in a transaction of its own; resolves to its id. */
  append(event?: Partial<AuditEventInput>): Promise<string>
  /** Writes events in one transaction; resolves to their ids. */
  appendMany(count: number): Promise<string[]>
  /** Takes all events in and signs the tree; resolves to its size. */
  seal(): Promise<number>
  /** As an outsider is given them. */
  keys(): Promise<OutsideKey[]>
  /** The export as one text. */
  exported(): Promise<string>
  stop(): Promise<void>
}

const generation = 1

/** Takes seconds: raise the timeout of the hook that calls it. */
export async function startAuditServer(): Promise<AuditServer> {
  const database = await startTestDatabase()
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-audit-'))
  const config = parseConfig({ CDSA_DATA_DIR: directory })
  const auditSigner = await createAuditSigner({ config, log: createLogger({ level: 'silent' }) })
  const { db } = database
  const server = await startKernelServer({ routes: auditRoutes, db, parts: { auditSigner } })
  const auditorId = newId()
  const token = as(auditorId, 'audit:read')['authorization']?.replace('Bearer ', '')
  const auditor = createApiClient(server.url, token)
  const usual = (): AuditEventInput => ({
    action: 'chat.create',
    outcome: 'success',
    actor: { type: 'user', id: auditorId },
    resource: { type: 'chat', id: newId() },
    subjectId: auditorId,
    personal: { ip: '192.0.2.7', userAgent: 'Søren’s agent \u{1f600}' },
  })
  return {
    database,
    url: server.url,
    auditor,
    auditorId,
    append: (event) => db.transaction((tx) => appendAuditEvent(tx, { ...usual(), ...event })),
    appendMany: (count) =>
      db.transaction(async (tx) => {
        const ids: string[] = []
        for (let n = 0; n < count; n += 1) ids.push(await appendAuditEvent(tx, { ...usual(), details: { n } }))
        return ids
      }),
    seal: async () => {
      for (let more = true; more; ) more = (await sealBatch(db, { generation })).more
      return (await signNewestRoot(db, auditSigner))?.size ?? 0
    },
    keys: async () => (await auditor.get('/audit/keys')).body['keys'] as OutsideKey[],
    exported: async () => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${server.url}/api/v1/audit/export`, { headers })).text()
    },
    stop: async () => {
      await server.stop()
      await database.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
