// The rotator of the platform's own signing key on a real database. Nobody waits here: a test moves a key's times back.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { listAuditEvents } from '../../../db/audit/events.ts'
import { promoteRotationKey, withdrawRotationKey } from '../../../db/auth/signing-key-stages.ts'
import { newId } from '../../../db/ids.ts'
import { insertRotation, stopWriting } from '../../../db/vault/rotations.ts'
import { createJwtSigningKeyRotator } from '../../../platform/rotators/jwt-signing-key-rotator.ts'
import type { Rotator } from '../../../platform/rotators/rotator.ts'
import { createSigningKeyStages } from '../../../platform/signing-key-stages.ts'
import { createSigningKeys } from '../../../platform/signing-keys.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { rotatorDependencies } from '../../support/rotator-target.ts'
import { newPlatformKeys } from '../../support/sign-in-parts.ts'
import { makeSecret } from '../../support/vault-parts.ts'

const times = { accessTokenSeconds: 100, jwksMaxAgeSeconds: 20 }
const confirm = async (): Promise<void> => undefined

describe('the rotator of the signing key', () => {
  let database: TestDatabase
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
  })
  beforeEach(() => database.db.execute('delete from signing_keys'))
  after(() => database.stop())

  interface World {
    readonly rotator: Rotator
    readonly rotationId: string
    /** The key that signed before. */
    readonly old: string
    jwks(): Promise<string[]>
    signer(): Promise<string>
  }

  async function world(): Promise<World> {
    const { db } = database
    const keys = newPlatformKeys()
    // Each look is a new instance's, so that none sees an older set.
    const signingKeys = () => createSigningKeys({ db, keys, times })
    const fresh = {
      jwks: () => signingKeys().jwks(),
      publicKey: (kid: string) => signingKeys().publicKey(kid),
    }
    const rotationId = newId()
    const secretId = await makeSecret({ db })
    const target = { rotator: 'jwt-signing-key', config: {} } as const
    const row = { id: rotationId, secretId, target, graceSeconds: 110, trigger: 'manual', requestedBy: null } as const
    await db.transaction((tx) => insertRotation(tx, row))
    const stages = createSigningKeyStages({ db, keys, signingKeys: fresh, times })
    return {
      rotator: createJwtSigningKeyRotator(rotatorDependencies({ signingKeys: stages, rotationId })),
      rotationId,
      old: (await signingKeys().current()).kid,
      jwks: async () => (await fresh.jwks()).keys.map(({ kid }) => kid),
      signer: async () => (await signingKeys().current()).kid,
    }
  }

  /** As if so much time had passed. */
  const passed = (seconds: number): Promise<number> =>
    database.db.execute(
      `update signing_keys set created_at = created_at - make_interval(secs => $1::int),
         published_at = published_at - make_interval(secs => $1::int),
         signs_from = signs_from - make_interval(secs => $1::int),
         retired_at = retired_at - make_interval(secs => $1::int)`,
      [seconds],
    )

  async function published(): Promise<World & { readonly pending: string }> {
    const given = await world()
    const pending = await given.rotator.generate({ current: given.old })
    await given.rotator.set({ current: given.old, pending, confirm })
    return { ...given, pending }
  }

  it('makes one key a rotation, which is in no JWKS, and publishes it without having it sign', async () => {
    const { rotator, old, jwks, signer } = await world()
    const pending = await rotator.generate({ current: old })
    expect(pending).not.to.equal(old)
    expect(await rotator.generate({ current: old })).to.equal(pending)
    expect([await jwks(), await rotator.probe(pending)]).to.deep.equal([[old], 'refused'])
    for (let time = 0; time < 2; time += 1) await rotator.set({ current: old, pending, confirm })
    expect(await jwks()).to.have.members([old, pending])
    expect([await signer(), await rotator.probe(pending), await rotator.probe(old)]).to.deep.equal([
      old,
      'works',
      'works',
    ])
  })

  it('waits until no client may keep a JWKS without the new key: its age, and that of the set which was served', async () => {
    const { rotator, old, pending } = await published()
    await passed(31)
    const early = await appErrorOf(rotator.test({ current: old, pending }))
    expect(early).to.include({ code: 'rotation.not_due', retryable: true })
    expect(early.retryAfterMs).to.be.within(1, 9_001)
    await passed(9)
    await rotator.test({ current: old, pending })
  })

  it('fails the test when the private half isn’t that of the JWKS', async () => {
    const { rotator, old, pending } = await published()
    await passed(40)
    await database.db.execute(
      'update signing_keys set wrapped_private_key = (select wrapped_private_key from signing_keys where id = $2) where id = $1',
      [pending, old],
    )
    expect((await appErrorOf(rotator.test({ current: old, pending }))).code).to.equal('rotation.test_failed')
  })

  it('retires the old key when its last token is over, and is done when no instance accepts it', async () => {
    const { rotator, rotationId, old, pending, jwks, signer } = await published()
    await database.db.transaction((tx) => promoteRotationKey(tx, { rotationId, afterSeconds: 20 }))
    expect(await signer()).to.equal(old)
    await passed(20)
    expect(await signer()).to.equal(pending)
    // Life 100, skew of clocks 10, a reload 20.
    await passed(121)
    expect((await appErrorOf(rotator.revoke({ old, current: pending }))).code).to.equal('rotation.not_due')
    expect(await jwks()).to.have.members([old, pending])
    await passed(9)
    expect((await appErrorOf(rotator.revoke({ old, current: pending }))).code).to.equal('rotation.not_due')
    expect([await jwks(), await rotator.probe(old)]).to.deep.equal([[pending], 'refused'])
    await passed(20)
    await rotator.revoke({ old, current: pending })
    const actions = async (resourceId: string): Promise<string[]> => {
      const { data } = await listAuditEvents(database.db, { resourceId }, { limit: 10 })
      return data.map(({ leaf }) => leaf.action)
    }
    expect(await actions(pending)).to.deep.equal(['signing_key.rotate', 'signing_key.create'])
    expect(await actions(old)).to.deep.equal(['signing_key.retire', 'signing_key.create'])
  })

  it('takes the new key back at once, and leaves the old one signing', async () => {
    const { rotator, old, pending, jwks, signer } = await published()
    await passed(20)
    await appErrorOf(rotator.revoke({ old: pending, current: old }))
    expect([await jwks(), await signer()]).to.deep.equal([[old], old])
  })

  it('has a rotation that was taken back make and publish nothing any more', async () => {
    const { rotator, rotationId, old, jwks } = await world()
    const pending = await rotator.generate({ current: old })
    await stopWriting(database.db, rotationId)
    const late = () => rotator.set({ current: old, pending, confirm })
    expect((await appErrorOf(late())).code).to.equal('rotation.superseded')
    expect((await appErrorOf(rotator.generate({ current: old }))).code).to.equal('rotation.superseded')
    await database.db.transaction((tx) => withdrawRotationKey(tx, rotationId))
    expect(await jwks()).to.deep.equal([old])
    const promoted = database.db.transaction((tx) => promoteRotationKey(tx, { rotationId, afterSeconds: 0 }))
    expect((await appErrorOf(promoted)).code).to.equal('rotation.superseded')
  })

  it('lets a rotation begin from the key that signs alone', async () => {
    const { rotator, rotationId, old, pending, signer } = await published()
    const refused = async (current: string): Promise<string> => (await appErrorOf(rotator.preflight({ current }))).code
    await rotator.preflight({ current: old })
    for (const value of [pending, 'no kid', randomBytes(32).toString('base64url')])
      expect(await refused(value)).to.equal('rotation.preflight_failed')
    await database.db.transaction((tx) => promoteRotationKey(tx, { rotationId, afterSeconds: 0 }))
    expect(await signer()).to.equal(pending)
    await rotator.preflight({ current: pending })
    expect(await refused(old)).to.equal('rotation.preflight_failed')
  })
})
