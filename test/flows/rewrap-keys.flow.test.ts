// The rewrap of the vault's keys while its worker is killed: each round there is a new key, thousands of values come under
// it, a SIGKILL at a random point of that, and at the end every value opens, under the last key alone.
import { expect } from 'chai'
import { type Db, openDatabase } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { countStaleVersions, findVaultKeys } from '../../db/vault/keys.ts'
import type { SealedColumns, StoredVersion } from '../../db/vault/version-rows.ts'
import { AppError } from '../../domain/errors.ts'
import { parseConfig } from '../../platform/config.ts'
import { createLogger } from '../../platform/logger.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { createLocalKeyProvider } from '../../platform/vault/key-provider.ts'
import { type Vault, createVault } from '../../platform/vault/vault.ts'
import type { ApiClient } from '../support/api-client.ts'
import { type ChaosPlatform, startChaosPlatform } from '../support/chaos-platform.ts'
import { type Tally, createRandom, createTally, killCount, settle } from '../support/chaos.ts'
import { eventually } from '../support/eventually.ts'
import { makeOperator } from '../support/operator.ts'

const values = 3_000
const limitMs = 120_000 + killCount * 60_000

describe('the rewrap of the vault’s keys', function () {
  this.timeout(limitMs)
  let platform: ChaosPlatform
  let db: Db
  let operator: ApiClient
  let secretId: string

  before(async () => {
    platform = await startChaosPlatform({ tokens: 1, physics: { ttft: 1, tps: 100 } })
    db = openDatabase({ url: platform.databaseUrl(), poolSize: 2 })
    operator = await makeOperator(await platform.newClient(), platform.databaseUrl())
    const created = await operator.post('/vault/secrets', { path: 'many', value: 'value 1', maxVersions: 100 })
    secretId = created.body['secret'].id
    await addVersions(await ownVault())
  })
  after(async () => {
    await db?.close()
    await platform?.stop()
  })

  /** Of this process, with the keys of the platform's file. */
  const ownVault = async (): Promise<Vault> => {
    const config = parseConfig({ CDSA_DATA_DIR: platform.dataDir })
    return createVault({ db, keys: await createLocalKeyProvider({ config, log: createLogger({ level: 'silent' }) }) })
  }

  /** By the vault's own sealing, but all rows at once: so many requests would take minutes. */
  async function addVersions(vault: Vault): Promise<void> {
    await db.transaction(async (tx) => {
      const rows: (SealedColumns & { readonly id: string; readonly version: number })[] = []
      for (let version = 2; version <= values; version += 1) {
        const sealed = await vault.seal(tx, new SecretValue(`value ${version}`), { secretId, version })
        rows.push({ id: newId(), version, ...sealed })
      }
      await tx.execute(
        `insert into secret_versions (secret_id, version, id, ciphertext, wrapped_dek, kek_id)
         select $1, * from unnest($2::int[], $3::uuid[], $4::bytea[], $5::bytea[], $6::text[])`,
        [
          secretId,
          ...(['version', 'id', 'ciphertext', 'wrappedDek', 'kekId'] as const).map((name) =>
            rows.map((row) => row[name]),
          ),
        ],
      )
    })
  }

  async function countUnreadable(vault: Vault): Promise<number> {
    const rows = await db.query<StoredVersion>(
      `select secret_id as "secretId", version, ciphertext, wrapped_dek as "wrappedDek", kek_id as "kekId"
       from secret_versions where secret_id = $1 order by version`,
      [secretId],
    )
    expect(rows).to.have.length(values)
    let unreadable = 0
    // One after the other: thousands at once would wait for a connection until that times out.
    for (const [index, row] of rows.entries()) {
      const value = await vault.open(row).catch((error: unknown) => {
        if (error instanceof AppError && error.kind === 'internal') return undefined
        throw error
      })
      if (value?.reveal() !== `value ${index + 1}`) unreadable += 1
    }
    return unreadable
  }

  const post = (path: string): Promise<{ readonly body: Record<string, unknown> }> =>
    eventually('the API answers', () => operator.post(path).catch(() => undefined), 60_000)

  /** A rewrap to a new key, struck when so many versions are left; resolves to how many were left once it runs again. */
  async function strikeRewrap(tally: Tally, left: number): Promise<number> {
    const { body } = await post('/vault/keys/rotate')
    expect(body, JSON.stringify(body)).to.include({ sealed: false })
    await post('/vault/keys/rewrap')
    await eventually('the rewrap gets there', async () => (await countStaleVersions(db)) <= left, 60_000)
    tally.kills += 1
    const striking = platform.strike('worker')
    const stale = await countStaleVersions(db)
    await striking
    await eventually(
      'the rewrap ends',
      async () => (await findVaultKeys(db)).every((key) => key.current || key.retired),
      60_000,
    )
    tally.turns += 1
    tally.messagesLost += await countStaleVersions(db)
    return stale
  }

  it(`[V13] ends with every value readable over ${killCount} SIGKILLs at random points of it`, async () => {
    const random = createRandom('V13')
    const tally = createTally()
    let resumed = 0
    while (tally.kills < killCount) {
      const stale = await strikeRewrap(tally, random.between(1, values - 100))
      if (stale > 0) resumed += 1
      tally.tokensLost += await countUnreadable(await ownVault())
    }
    expect(resumed, 'kills in the middle').to.be.greaterThan(0)
    const used = await db.query('select distinct kek_id as id from secret_versions')
    const current = (await findVaultKeys(db)).filter((key) => key.current).map(({ id }) => ({ id }))
    expect(used).to.deep.equal(current)
    settle('V13', platform.name, { tally, kills: killCount })
  })
})
