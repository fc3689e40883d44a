// A value that is known is looked for everywhere but in the answer that gives it: a whole platform with its loudest log,
// its database, its workflows' histories, every file that it keeps, and everything that it answers.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { type Db, openDatabase } from '../../db/database.ts'
import { type ApiAnswer, type ApiClient, signUp } from '../support/api-client.ts'
import { type Histories, createCanarySearch, dumpDatabase, filesWith, openHistories } from '../support/canary-search.ts'
import { eventually } from '../support/eventually.ts'
import { makeOperator } from '../support/operator.ts'
import { applicationDatabaseUrl } from '../support/platform-database.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'

const canary = `canary-${randomBytes(12).toString('hex')}`
const isIn = createCanarySearch(canary)

describe('a secret’s value', function () {
  this.timeout(240_000)
  let platform: PlatformProcess
  let operator: ApiClient
  let db: Db
  let histories: Histories
  const answers: ApiAnswer<unknown>[] = []
  before(async () => {
    platform = await startPlatformProcess({ env: { LOG_LEVEL: 'trace' } })
    const url = applicationDatabaseUrl(process.env, platform.dataDir)
    db = openDatabase({ url, poolSize: 1 })
    operator = await makeOperator(await signUp(platform.run.apiUrl), url)
    histories = await openHistories(platform)
  })
  after(async () => {
    await histories?.temporal.connection.close()
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

  it('[V25] is in no history, log, column, file, list or error body', async () => {
    await use()
    for (const { status, body } of answers)
      expect(isIn(JSON.stringify(body)), `an answer with ${status}`).to.equal(false)
    expect(answers.map(({ status }) => status)).to.include.members([201, 200, 202, 400, 404, 409, 413, 422])
    expect(isIn(await dumpDatabase(db)), 'the database').to.equal(false)
    const recorded = await eventually('the rewrap is listed', async () => {
      const text = await histories.read()
      return text.includes('rewrapKeys') && text
    })
    expect(isIn(recorded), 'a history').to.equal(false)
    expect(platform.output()).to.include('/api/v1/vault/secrets')
    expect(isIn(platform.output()), 'the log').to.equal(false)
    expect(await filesWith(platform.dataDir, isIn)).to.deep.equal([])
  })

  it('would be found: the search sees what isn’t secret', async () => {
    const created = await operator.post('/chats', { title: canary })
    expect(created.status).to.equal(201)
    expect(isIn(await dumpDatabase(db))).to.equal(true)
    for (const text of [
      `a${canary}b`,
      Buffer.from(`{"v":"${canary}"}`).toString('base64'),
      Buffer.from(canary).toString('hex'),
    ])
      expect(isIn(text), text).to.equal(true)
  })
})
