// A value that is known is looked for everywhere but in the answer that gives it: a whole platform with its loudest log,
// its database, its workflows' histories, every file that it keeps, and everything that it answers.
import { randomBytes } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import { expect } from 'chai'
import { type Db, openDatabase } from '../../db/database.ts'
import { parseConfig } from '../../platform/config.ts'
import { loadPlatformKeys } from '../../platform/keys.ts'
import { createLogger } from '../../platform/logger.ts'
import { createTemporalClient } from '../../platform/temporal/temporal-client.ts'
import { type ApiAnswer, type ApiClient, signUp } from '../support/api-client.ts'
import { eventually } from '../support/eventually.ts'
import { makeOperator } from '../support/operator.ts'
import { applicationDatabaseUrl } from '../support/platform-database.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'

const canary = `canary-${randomBytes(12).toString('hex')}`
/** Base64 in its three alignments, without the ends that depend on what stands around. */
const aligned = [0, 1, 2].map((offset) => {
  const text = Buffer.from('x'.repeat(offset) + canary).toString('base64')
  return text.slice(4, -4)
})
const forms = [canary, canary.toUpperCase(), Buffer.from(canary).toString('hex'), ...aligned]
const isIn = (text: string): boolean => forms.some((form) => text.includes(form))

describe('a secret’s value', function () {
  this.timeout(240_000)
  let platform: PlatformProcess
  let operator: ApiClient
  let db: Db
  let temporal: Client
  const answers: ApiAnswer<unknown>[] = []
  before(async () => {
    platform = await startPlatformProcess({ env: { LOG_LEVEL: 'trace' } })
    const url = applicationDatabaseUrl(process.env, platform.dataDir)
    db = openDatabase({ url, poolSize: 1 })
    operator = await makeOperator(await signUp(platform.run.apiUrl), url)
    const config = parseConfig({ TEMPORAL_ADDRESS: platform.run.temporalAddress, CDSA_DATA_DIR: platform.dataDir })
    temporal = await createTemporalClient(
      config,
      await loadPlatformKeys({ config, log: createLogger({ level: 'silent' }) }),
    )
  })
  after(async () => {
    await temporal?.connection.close()
    await db?.close()
    await platform?.stop()
  })

  async function use(): Promise<void> {
    const key = { 'idempotency-key': 'canary' }
    const created = await operator.post('/vault/secrets', { path: 'canary', value: canary }, key)
    expect(created.status).to.equal(201)
    const url = `/vault/secrets/${created.body['secret'].id}`
    const value = await operator.get(`${url}/value`)
    expect(value.body['value']).to.equal(canary)
    const post = async (path: string, body?: unknown): Promise<void> =>
      void answers.push(await operator.post(path, body))
    const get = async (path: string): Promise<void> => void answers.push(await operator.get(path))
    answers.push(created, await operator.post('/vault/secrets', { path: 'canary', value: canary }, key))
    for (const bad of [
      { value: canary, cas: 7 },
      { value: canary, cas: 'x' },
      { value: [canary] },
      { value: canary.repeat(3_000) },
      { value: canary.repeat(50_000) },
    ])
      await post(`${url}/versions`, bad)
    await post(`${url}/versions`, { value: `${canary}-2`, cas: 1 })
    await post('/vault/secrets', { path: 'canary', value: canary })
    const raw = `{"value":"${canary}",`
    const headers = { 'content-type': 'application/json' }
    answers.push(await operator.request('POST', `${url}/versions`, { raw, headers }))
    answers.push(await operator.request('PUT', `${url}/versions`, { raw: `${raw}}`, headers }))
    for (const path of [url, `${url}/versions`, `${url}/access-log`, '/vault/secrets', '/vault/status']) await get(path)
    await post('/vault/keys/rotate')
    await post('/vault/keys/rewrap')
    await eventually('the rewrap ends', async () => (await operator.get('/vault/status')).body['staleVersions'] === 0)
    await post(`${url}/versions/1/delete`)
    await get(`${url}/value?version=1`)
    await post(`${url}/versions/1/destroy`)
  }

  async function dump(): Promise<string> {
    const tables = await db.query<{ name: string }>(
      `select format('%I', relname) as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
    )
    // A partition's rows are its table's; the application may read them there alone.
    expect(tables.map(({ name }) => name)).to.include.members(['secret_versions', 'audit_events'])
    const texts = await Promise.all(tables.map(({ name }) => db.query(`select t::text as row from ${name} t`)))
    return JSON.stringify(texts)
  }

  async function histories(): Promise<string> {
    const texts: string[] = []
    for await (const { workflowId, runId } of temporal.workflow.list())
      texts.push(JSON.stringify(await temporal.workflow.getHandle(workflowId, runId).fetchHistory()))
    return texts.join('\n')
  }

  it('[V25] is in no history, log, column, file, list or error body', async () => {
    await use()
    for (const { status, body } of answers)
      expect(isIn(JSON.stringify(body)), `an answer with ${status}`).to.equal(false)
    expect(answers.map(({ status }) => status)).to.include.members([201, 200, 202, 400, 404, 409, 413, 422])
    expect(isIn(await dump()), 'the database').to.equal(false)
    const recorded = await eventually('the rewrap is listed', async () => {
      const text = await histories()
      return text.includes('rewrapKeys') && text
    })
    expect(isIn(recorded), 'a history').to.equal(false)
    expect(platform.output()).to.include('/api/v1/vault/secrets')
    expect(isIn(platform.output()), 'the log').to.equal(false)
    const files = (await readdir(platform.dataDir, { recursive: true, withFileTypes: true })).filter((file) =>
      file.isFile(),
    )
    expect(files.map(({ name }) => name)).to.include('run.json')
    for (const { parentPath, name } of files) {
      const bytes = await readFile(join(parentPath, name)).catch(() => Buffer.alloc(0))
      expect(
        forms.some((form) => bytes.includes(form)),
        name,
      ).to.equal(false)
    }
  })

  it('would be found: the search sees what isn’t secret', async () => {
    const created = await operator.post('/chats', { title: canary })
    expect(created.status).to.equal(201)
    expect(isIn(await dump())).to.equal(true)
    for (const text of [
      `a${canary}b`,
      Buffer.from(`{"v":"${canary}"}`).toString('base64'),
      Buffer.from(canary).toString('hex'),
    ])
      expect(isIn(text), text).to.equal(true)
  })
})
