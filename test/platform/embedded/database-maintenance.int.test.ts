// Without maintenance the log grows for ever and the planner knows nothing: a real cluster shows that both are cared for.
import { expect } from 'chai'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCluster } from '../../../platform/embedded/cluster-directory.ts'
import { startMaintenance } from '../../../platform/embedded/database-maintenance.ts'
import { type Multiplexer, startMultiplexer } from '../../../platform/embedded/multiplexer/multiplexer.ts'
import { openPgliteDatabase, type PgliteDatabase } from '../../../platform/embedded/pglite-database.ts'
import { cacheDirectory } from '../../../platform/embedded/temporal-cli.ts'
import { eventually } from '../../support/eventually.ts'
import { type RawPostgres, raw, startRawPostgres } from '../../support/raw-postgres.ts'

describe('database maintenance', function () {
  this.timeout(60_000)
  let directory: string
  let cluster: string
  let database: PgliteDatabase
  let multiplexer: Multiplexer
  let client: RawPostgres
  const troubles: unknown[] = []
  const stops: (() => void)[] = []
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-care-'))
    cluster = join(directory, 'pgdata')
    await ensureCluster(cluster, cacheDirectory({}))
    database = await openPgliteDatabase(cluster)
    const path = join(directory, 'socket')
    multiplexer = await startMultiplexer({
      exchange: database.exchange,
      listen: { path },
      parameters: database.parameters,
      maxConnections: 2,
      idleTransactionMs: 1_000,
      onBroken: (error) => troubles.push(error),
    })
    client = await startRawPostgres(path, 'cdsa_owner')
  })
  after(async () => {
    for (const stop of stops) stop()
    client.close()
    await multiplexer.close()
    await database.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })

  const run = async (sql: string): Promise<string> => {
    client.send(raw.query(sql))
    const answer = await client.answer('Z')
    if (answer.types.includes('E')) throw new Error(answer.text)
    return answer.text
  }
  const segments = () => readdirSync(join(cluster, 'pg_wal')).filter((name) => /^[0-9A-F]{24}$/.test(name)).length
  const care = (options: { checkpointEveryMs: number; vacuumEveryMs: number }): void => {
    const onError = (task: string, error: unknown): void => void troubles.push([task, error])
    stops.push(startMaintenance({ multiplexer, clusterDirectory: cluster, lookEveryMs: 20, ...options, onError }))
  }

  it('checkpoints when the log has grown long, and so shortens it', async () => {
    await run('create table filler (text text)')
    await run(`insert into filler select repeat(md5(i::text), 40) from generate_series(1, 80000) i`)
    expect(segments()).to.be.at.least(5)
    care({ checkpointEveryMs: 1e9, vacuumEveryMs: 1e9 })
    await eventually('a shorter log', () => segments() < 5)
    expect(troubles).to.deep.equal([])
  })

  it('vacuums and analyzes what has changed', async () => {
    await run('create table counted as select generate_series(1, 1234) as id')
    const estimate = () => run(`select 'about ' || reltuples from pg_class where relname = 'counted'`)
    expect(await estimate()).to.contain('about -1')
    care({ checkpointEveryMs: 1e9, vacuumEveryMs: 1 })
    await eventually('statistics', async () => (await estimate()).includes('about 1234'))
    expect(troubles).to.deep.equal([])
  })
})
