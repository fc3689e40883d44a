// The signer on a real database behind its back: whatever doesn't continue what it has signed gets no signature.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { signNewestRoot } from '../../../platform/audit/seal.ts'
import { type AuditSigner, createAuditSigner } from '../../../platform/audit/signer.ts'
import { parseConfig } from '../../../platform/config.ts'
import { createLogger } from '../../../platform/logger.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { appendMany, sealAll } from '../../support/audit-log.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { tamper } from '../../support/tamper.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('the signer of the audit log', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  let database: TestDatabase
  const openSigner = (): Promise<AuditSigner> =>
    createAuditSigner({ config: parseConfig({ CDSA_DATA_DIR: directory() }), log: createLogger({ level: 'silent' }) })

  beforeEach(async () => {
    database = await startTestDatabase()
  })
  afterEach(() => database.stop())

  async function signed(count: number): Promise<AuditSigner> {
    const { db } = database
    const signer = await openSigner()
    await appendMany(db, count)
    await sealAll(db)
    await signNewestRoot(db, signer)
    return signer
  }
  async function refusal(signer: AuditSigner): Promise<string> {
    const error = await appErrorOf(signNewestRoot(database.db, signer))
    expect(error.code).to.equal('audit.checkpoint_refused')
    return error.detail ?? ''
  }

  it('[A10] refuses a log that was cut, also after a restart', async () => {
    await signed(5)
    await tamper(
      database.owner,
      'delete from audit_checkpoints',
      'delete from audit_roots',
      'delete from audit_leaves where leaf_index >= 3',
      'delete from audit_events where id not in (select event_id from audit_leaves)',
    )
    await appendMany(database.db, 1)
    await sealAll(database.db)
    expect(await refusal(await openSigner())).to.include('6 were signed')
  })

  it('[A10] refuses a past that was rewritten, although it is longer', async () => {
    const signer = await signed(5)
    await tamper(
      database.owner,
      'delete from audit_checkpoints',
      `update audit_leaves set leaf_hash = sha256('other') where leaf_index = 2`,
    )
    await appendMany(database.db, 4)
    await sealAll(database.db)
    expect(await refusal(signer)).to.include('doesn’t continue')
  })

  it('[A10] refuses another root of the same size, and a memory that can’t be read', async () => {
    const signer = await signed(5)
    await tamper(database.owner, 'delete from audit_checkpoints', `update audit_roots set root = sha256('other')`)
    expect(await refusal(signer)).to.include('differs')
    await writeFile(join(directory(), 'keys', 'audit-checkpoint'), 'not JSON')
    expect(await refusal(signer)).to.include('can’t be read')
  })

  it('[A10] without its memory goes by the newest checkpoint in the database, if that is its own', async () => {
    await signed(5)
    await rm(join(directory(), 'keys', 'audit-checkpoint'))
    await appendMany(database.db, 1)
    await sealAll(database.db)
    await tamper(database.owner, `update audit_checkpoints set note = replace(note, e'\\n6\\n', e'\\n5\\n')`)
    expect(await refusal(await openSigner())).to.include('isn’t ours')
    await tamper(database.owner, `update audit_checkpoints set note = replace(note, e'\\n5\\n', e'\\n6\\n')`)
    expect((await signNewestRoot(database.db, await openSigner()))?.size).to.equal(7)
  })
})
