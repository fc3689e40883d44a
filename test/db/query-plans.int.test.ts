// Every list, search and sweep finds its rows by an index, in the statements that are really sent: nothing reads a table
// that grows from end to end, and nothing sorts what an index holds in order. Planned with and without the parameters.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { listCheckpoints } from '../../db/audit/checkpoints.ts'
import { listAuditEvents } from '../../db/audit/events.ts'
import { listOrigins } from '../../db/audit/origins.ts'
import { listApiKeys } from '../../db/auth/api-keys.ts'
import { listUnsentLinks, purgePasswordLinks } from '../../db/auth/password-links.ts'
import { listPermissions, listRoles } from '../../db/auth/roles.ts'
import { listSessions, purgeSessions } from '../../db/auth/sessions.ts'
import { listSigningKeys } from '../../db/auth/signing-keys.ts'
import { listUsers } from '../../db/auth/users.ts'
import { listChats } from '../../db/chat/chats.ts'
import { listMessages } from '../../db/chat/messages.ts'
import { listSteps } from '../../db/chat/tool-messages.ts'
import { beginTurn } from '../../db/chat/turn-work.ts'
import { listOverdueTurns, listUnendedTurns, listUnstartedTurns } from '../../db/chat/turns.ts'
import type { Db } from '../../db/database.ts'
import { listChunks } from '../../db/documents/chunks.ts'
import { listCollections, listMembers } from '../../db/documents/collections.ts'
import { listDocuments } from '../../db/documents/documents.ts'
import { recordEmbeddingModel } from '../../db/documents/embedding-models.ts'
import { listStalledDocuments } from '../../db/documents/ingestion.ts'
import { searchChunks } from '../../db/documents/search.ts'
import { purgeIdempotencyKeys } from '../../db/http/idempotency-keys.ts'
import { listNotificationsAfter, listUnreadNotifications } from '../../db/notifications/notification-feed.ts'
import { listNotifications, purgeNotifications } from '../../db/notifications/notifications.ts'
import { listApprovalPolicies } from '../../db/tools/approval-policies.ts'
import { listApprovals } from '../../db/tools/approvals.ts'
import { listExecutions } from '../../db/tools/executions.ts'
import { purgeResults } from '../../db/tools/results.ts'
import { listTools } from '../../db/tools/tools.ts'
import {
  listOrphanedExecutions,
  listStalledExecutions,
  listUnstartedExecutions,
} from '../../db/tools/unended-executions.ts'
import { listAccesses } from '../../db/vault/access-log.ts'
import { listOverdueSecrets } from '../../db/vault/overdue-secrets.ts'
import { listRotationPolicies } from '../../db/vault/rotation-policies.ts'
import { listRotations, listStalledRotations } from '../../db/vault/rotations.ts'
import { listExpiredSecrets, listSecrets, purgeSecret } from '../../db/vault/secrets.ts'
import { listVersions } from '../../db/vault/version-rows.ts'
import { type TestDatabase, startTestDatabase } from '../support/database.ts'
import { type FilledIds, dimensions, fillDatabase } from '../support/fill-database.ts'

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Plan Rows': number
  readonly Plans?: readonly Plan[]
}

interface Sent {
  readonly sql: string
  readonly bind: unknown[] | undefined
}

/** Tables that one release, or its operator, gives a handful of rows: reading them whole is the cheapest way. */
const tiny: ReadonlySet<string> = new Set([
  'roles',
  'permissions',
  'role_permissions',
  'signing_keys',
  'audit_origins',
  'embedding_models',
  'vault_keys',
])

/** A sort of no more than this is a page, or a page a collection. */
const sortedRows = 1_000

interface Case {
  readonly run: (db: Db, ids: FilledIds) => Promise<unknown>
}

const page = { limit: 100 }
const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString()
const search = (mode: 'semantic' | 'keyword' | 'hybrid') => (db: Db, ids: FilledIds) =>
  searchChunks(db, {
    scope: { userId: ids.userId, combine: 'all' },
    query: 'word7 word9',
    k: 10,
    mode,
    model: ids.model,
    vector: new Float32Array(dimensions).fill(0.1),
  })

const cases: Readonly<Record<string, readonly Case[]>> = {
  listAuditEvents: [
    { run: (db) => listAuditEvents(db, {}, page) },
    { run: (db, { eventId }) => listAuditEvents(db, {}, { ...page, after: eventId }) },
    { run: (db, { userId }) => listAuditEvents(db, { actorId: userId }, page) },
    { run: (db, { eventId }) => listAuditEvents(db, { action: 'turn.cancel' }, { ...page, after: eventId }) },
    { run: (db, { chatId }) => listAuditEvents(db, { resourceType: 'chat', resourceId: chatId }, page) },
    { run: (db) => listAuditEvents(db, { outcome: 'denied', action: 'chat.create' }, page) },
    { run: (db) => listAuditEvents(db, { from: hoursAgo(3), to: hoursAgo(2) }, page) },
  ],
  listCheckpoints: [
    { run: (db) => listCheckpoints(db, page) },
    { run: (db, { eventId }) => listCheckpoints(db, { ...page, after: eventId }) },
  ],
  listOrigins: [{ run: (db) => listOrigins(db) }],
  listPermissions: [{ run: (db) => listPermissions(db) }],
  listRoles: [{ run: (db, { after }) => listRoles(db, { ...page, after }) }],
  listSessions: [
    { run: (db, { userId }) => listSessions(db, { userId, currentId: userId }, page) },
    { run: (db, { userId, after }) => listSessions(db, { userId, currentId: userId }, { ...page, after }) },
  ],
  purgeSessions: [{ run: (db) => purgeSessions(db) }],
  listApiKeys: [
    { run: (db, { userId }) => listApiKeys(db, userId, page) },
    { run: (db, { userId, after }) => listApiKeys(db, userId, { ...page, after }) },
  ],
  listUnsentLinks: [{ run: (db) => listUnsentLinks(db, 5) }],
  purgePasswordLinks: [{ run: (db) => purgePasswordLinks(db) }],
  listSigningKeys: [{ run: (db) => listSigningKeys(db) }],
  listUsers: [{ run: (db) => listUsers(db, page) }, { run: (db, { after }) => listUsers(db, { ...page, after }) }],
  listChats: [
    { run: (db, { userId }) => listChats(db, userId, page) },
    { run: (db, { userId, after }) => listChats(db, userId, { ...page, after }) },
  ],
  listMessages: [
    { run: (db, ids) => listMessages(db, ids, page) },
    { run: (db, ids) => listMessages(db, ids, { ...page, after: ids.after }) },
  ],
  beginTurn: [
    { run: (db, { turnId }) => beginTurn(db, turnId) },
    { run: (db, { turnId }) => beginTurn(db, turnId, 2) },
  ],
  listSteps: [{ run: (db, { turnId }) => listSteps(db, turnId) }],
  listUnendedTurns: [{ run: (db, ids) => listUnendedTurns(db, ids) }],
  listUnstartedTurns: [{ run: (db) => listUnstartedTurns(db, 5) }],
  listOverdueTurns: [{ run: (db) => listOverdueTurns(db, 5) }],
  listCollections: [
    { run: (db, { userId }) => listCollections(db, userId, page) },
    { run: (db, { userId, after }) => listCollections(db, userId, { ...page, after }) },
  ],
  listMembers: [{ run: (db, ids) => listMembers(db, ids) }],
  listDocuments: [
    { run: (db, { userId }) => listDocuments(db, userId, page) },
    { run: (db, { userId, after }) => listDocuments(db, userId, { ...page, after }) },
    { run: (db, { userId, collectionId }) => listDocuments(db, userId, { ...page, collectionId }) },
    { run: (db, { userId }) => listDocuments(db, userId, { ...page, status: 'failed' }) },
    { run: (db, { userId, collectionId }) => listDocuments(db, userId, { ...page, collectionId, status: 'failed' }) },
  ],
  listChunks: [{ run: (db, { documentId }) => listChunks(db, documentId, { ...page, after: 10 }) }],
  listStalledDocuments: [{ run: (db) => listStalledDocuments(db, { queuedSeconds: 5, silentSeconds: 600 }) }],
  searchChunks: [{ run: search('semantic') }, { run: search('keyword') }, { run: search('hybrid') }],
  purgeIdempotencyKeys: [{ run: (db) => purgeIdempotencyKeys(db) }],
  listNotifications: [
    { run: (db, { userId }) => listNotifications(db, userId, page) },
    { run: (db, { userId }) => listNotifications(db, userId, { ...page, after: 100 }) },
    { run: (db, { userId }) => listNotifications(db, userId, { ...page, unread: true }) },
    { run: (db, { userId }) => listNotifications(db, userId, { ...page, after: 100, unread: false }) },
  ],
  listNotificationsAfter: [{ run: (db, { userId }) => listNotificationsAfter(db, userId, { after: 100, limit: 100 }) }],
  listUnreadNotifications: [
    { run: (db, { userId }) => listUnreadNotifications(db, userId, { upTo: 150, limit: 100 }) },
  ],
  purgeNotifications: [{ run: (db) => purgeNotifications(db) }],
  listApprovalPolicies: [
    { run: (db) => listApprovalPolicies(db, page) },
    { run: (db, { after }) => listApprovalPolicies(db, { ...page, after }) },
  ],
  listApprovals: [
    { run: (db, { userId }) => listApprovals(db, userId, page) },
    { run: (db, { userId, after }) => listApprovals(db, userId, { ...page, after, status: 'pending' }) },
  ],
  listTools: [{ run: (db) => listTools(db, page) }, { run: (db, { after }) => listTools(db, { ...page, after }) }],
  listExecutions: [
    { run: (db, { userId }) => listExecutions(db, userId, page) },
    { run: (db, { userId, after }) => listExecutions(db, userId, { ...page, after }) },
    { run: (db, { userId }) => listExecutions(db, userId, { ...page, status: 'failed' }) },
    { run: (db, { userId, toolId, after }) => listExecutions(db, userId, { ...page, after, toolId, cached: false }) },
  ],
  listUnstartedExecutions: [{ run: (db) => listUnstartedExecutions(db, 5) }],
  listOrphanedExecutions: [{ run: (db) => listOrphanedExecutions(db, 60) }],
  listStalledExecutions: [{ run: (db) => listStalledExecutions(db, { runningSeconds: 700, silentSeconds: 600 }) }],
  purgeResults: [{ run: (db) => purgeResults(db) }],
  listSecrets: [
    { run: (db) => listSecrets(db, { ...page, deleted: 'false' }) },
    { run: (db, { after }) => listSecrets(db, { ...page, after, deleted: 'false' }) },
    { run: (db) => listSecrets(db, { ...page, deleted: 'true' }) },
    { run: (db) => listSecrets(db, { ...page, deleted: 'false', prefix: 'team/7/' }) },
    { run: (db) => listSecrets(db, { ...page, deleted: 'false', tag: 'tag7' }) },
    { run: (db) => listSecrets(db, { ...page, deleted: 'false', prefix: 'team/', tag: 'tag7' }) },
  ],
  listExpiredSecrets: [{ run: (db) => listExpiredSecrets(db) }],
  listVersions: [{ run: (db, { secretId }) => listVersions(db, secretId, page) }],
  listAccesses: [
    { run: (db, { secretId }) => listAccesses(db, secretId, page) },
    { run: (db, { secretId, after }) => listAccesses(db, secretId, { ...page, after }) },
  ],
  listRotationPolicies: [{ run: (db, { secretId }) => listRotationPolicies(db, { after: secretId, limit: 100 }) }],
  listRotations: [
    { run: (db, { secretId }) => listRotations(db, secretId, page) },
    { run: (db, { secretId, after }) => listRotations(db, secretId, { ...page, after }) },
  ],
  listStalledRotations: [{ run: (db) => listStalledRotations(db, { queuedSeconds: 5, silentSeconds: 600 }) }],
  listOverdueSecrets: [{ run: (db, { secretId }) => listOverdueSecrets(db, [secretId]) }],
  purgeSecret: [{ run: (db, { after }) => purgeSecret(db, after) }],
}

/** The names of what db/ exports that reads a set, or begins work with one: as the code names such functions. */
async function exportedReaders(): Promise<string[]> {
  const root = fileURLToPath(new URL('../../db', import.meta.url))
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(names.map((name) => readFile(join(root, name), 'utf8')))
  return texts.flatMap((text) =>
    [...text.matchAll(/^export (?:async )?function ((?:list|search|purge|begin)\w+)/gm)].map(([, name]) => name ?? ''),
  )
}

/** The statements that `work` sends, as it sends them. */
async function capture(db: Db, work: () => Promise<unknown>): Promise<Sent[]> {
  const { sequelize } = db
  const sent: Sent[] = []
  const original = sequelize.query
  const recording = (sql: string, options?: { bind?: unknown[] }): unknown => {
    sent.push({ sql, bind: options?.bind })
    return (original as unknown as (...values: unknown[]) => unknown).call(sequelize, sql, options)
  }
  sequelize.query = recording as unknown as typeof original
  try {
    await work()
  } finally {
    sequelize.query = original
  }
  return sent.filter(({ sql }) => /^\s*(with|select|delete|update)\b/i.test(sql))
}

async function plansOf(db: Db, { sql, bind }: Sent): Promise<{ readonly how: string; readonly plan: Plan }[]> {
  const ask = async (how: string, values?: unknown[]): Promise<{ how: string; plan: Plan }> => {
    const [rows] = await db.sequelize.query(`explain (${how}format json) ${sql}`, values && { bind: values })
    const [row] = rows as { 'QUERY PLAN': { Plan: Plan }[] }[]
    const plan = row?.['QUERY PLAN'][0]?.Plan
    if (plan === undefined) throw new Error('There is no plan.')
    return { how, plan }
  }
  const custom = await ask('', bind)
  return bind === undefined ? [custom] : [custom, await ask('generic_plan, ')]
}

/** Months of the log that hold nothing yet: a plan reads an empty table from end to end. */
const thisMonth = `audit_events_${new Date().toISOString().slice(0, 7).replace('-', '_')}`
const isTiny = (table: string): boolean => tiny.has(table) || (table.startsWith('audit_events_') && table !== thisMonth)

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

function faultsOf(plan: Plan): string[] {
  return nodesOf(plan).flatMap((node) => {
    const table = node['Relation Name'] ?? ''
    const rows = node.Plans?.[0]?.['Plan Rows'] ?? 0
    if (node['Node Type'] === 'Seq Scan' && !isTiny(table)) return [`reads all of ${table}`]
    if (node['Node Type'] === 'Sort' && rows > sortedRows) return [`sorts ${rows} rows`]
    return []
  })
}

describe('query plans', function () {
  this.timeout(300_000)
  let database: TestDatabase
  let ids: FilledIds

  before(async function () {
    if (process.env['DATABASE_URL'] === undefined) {
      process.stdout.write('    DATABASE_URL isn’t set: skipping the plans of a real Postgres\n')
      this.skip()
    }
    database = await startTestDatabase()
    const name = 'offline/plans'
    const model = await recordEmbeddingModel(database.owner, { name, dimensions, embedded: false })
    ids = await fillDatabase(database.owner, model)
  })
  after(() => database?.stop())

  it('are looked at for every list, search and sweep', async () => {
    expect(Object.keys(cases)).to.have.members(await exportedReaders())
  })

  it('would show a scan, and a sort of everything', async () => {
    const sql = `select id from documents where title = $1 order by filename`
    const sent = await capture(database.owner, () => database.owner.query(sql, ['T']))
    const [first] = await Promise.all(sent.map((statement) => plansOf(database.owner, statement)))
    expect(first?.map(({ plan }) => faultsOf(plan)[0])).to.deep.equal(['sorts 30000 rows', 'sorts 30000 rows'])
    expect(first?.flatMap(({ plan }) => faultsOf(plan))).to.include('reads all of documents')
  })

  for (const [name, runs] of Object.entries(cases)) {
    it(`${name} is served by an index`, async () => {
      for (const { run } of runs) {
        const sent = await capture(database.owner, () => run(database.owner, ids))
        expect(sent, 'statements').not.to.deep.equal([])
        for (const statement of sent) {
          for (const { how, plan } of await plansOf(database.owner, statement)) {
            expect(faultsOf(plan), `${how}${statement.sql}\n${JSON.stringify(plan, null, 1)}`).to.deep.equal([])
          }
        }
      }
    })
  }
})
