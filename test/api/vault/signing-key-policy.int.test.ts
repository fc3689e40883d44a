// Which policies may rotate the platform's own signing key, over HTTP on a real database.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { rotationRoutes } from '../../../api/vault/rotation-routes.ts'
import { secretRoutes } from '../../../api/vault/secret-routes.ts'
import { newId } from '../../../db/ids.ts'
import { insertRotation } from '../../../db/vault/rotations.ts'
import { createSigningKeyStages } from '../../../platform/signing-key-stages.ts'
import { createSigningKeys } from '../../../platform/signing-keys.ts'
import { defaultTokenTimes } from '../../../domain/auth/token-times.ts'
import type { ApiClient } from '../../support/api-client.ts'
import { newPlatformKeys } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'
import { newMasterKey, vaultOf } from '../../support/vault-parts.ts'

describe('a policy that rotates the signing key', () => {
  let server: SignInServer
  let operator: ApiClient
  let kid: string
  before(async function () {
    this.timeout(60_000)
    server = await startSignInServer({
      routes: [...secretRoutes, ...rotationRoutes],
      extend: async (db) => {
        const keys = newPlatformKeys()
        const signingKeys = createSigningKeys({ db, keys })
        const signingKeyStages = createSigningKeyStages({ db, keys, signingKeys, times: defaultTokenTimes })
        return { vault: await vaultOf(db, newMasterKey('a')), signingKeyStages }
      },
    })
    operator = await server.clientWith('operator')
    const { keys } = await server.parts.signingKeys.jwks()
    kid = keys[0]?.kid ?? ''
  })
  after(() => server?.stop())

  async function secretOf(value: string): Promise<string> {
    const { body } = await operator.post('/vault/secrets', { path: `test/${randomUUID()}`, value })
    return body['secret'].id
  }
  const put = (secretId: string, graceSeconds = 610) =>
    operator.request('PUT', `/vault/secrets/${secretId}/rotation-policy`, {
      body: { rotator: 'jwt-signing-key', everySeconds: 86_400, graceSeconds, config: {} },
    })
  const remove = (secretId: string) => operator.request('DELETE', `/vault/secrets/${secretId}/rotation-policy`)

  it('is put on a secret that names the key which signs', async () => {
    const secretId = await secretOf(kid)
    const { status, body } = await put(secretId)
    expect(status, JSON.stringify(body)).to.equal(200)
    expect(body['secret'].rotation).to.deep.include({ rotator: 'jwt-signing-key', config: {}, graceSeconds: 610 })
    await remove(secretId)
  })

  it('is refused where the secret names another key, or none', async () => {
    for (const value of ['no kid', randomUUID(), `${kid} `]) {
      const { status, body } = await put(await secretOf(value))
      expect([status, body['code']]).to.deep.equal([422, 'rotation.preflight_failed'])
      expect(body['detail'])
        .to.match(/jwks\.json/)
        .and.not.include(value)
    }
  })

  it('is refused with a grace in which tokens of the old key are still good, before the secret is read', async () => {
    const secretId = await secretOf(kid)
    const { status, body } = await put(secretId, 609)
    expect([status, body['code']]).to.deep.equal([422, 'request.invalid'])
    expect(body['errors']).to.have.length(1)
    expect(body['errors'][0]).to.include({ path: 'graceSeconds' })
    expect((await operator.get(`/vault/secrets/${secretId}`)).body['secret'].rotation).to.equal(null)
  })

  it('is on one secret at a time, also while a rotation goes on without one', async () => {
    const [first, second] = [await secretOf(kid), await secretOf(kid)]
    const answers = await Promise.all([put(first), put(second)])
    expect(answers.map(({ status }) => status)).to.have.members([200, 409])
    const [taken, other] = answers[0].status === 200 ? [first, second] : [second, first]
    expect((await put(other)).body['code']).to.equal('rotation.signing_key_taken')
    expect((await put(taken, 700)).status).to.equal(200)
    await server.database.db.transaction((tx) =>
      insertRotation(tx, {
        id: newId(),
        secretId: taken,
        target: { rotator: 'jwt-signing-key', config: {} },
        graceSeconds: 700,
        trigger: 'schedule',
        requestedBy: null,
      }),
    )
    await remove(taken)
    expect((await put(other)).body['code']).to.equal('rotation.signing_key_taken')
    await server.database.db.execute(`update secret_rotations set state = 'failed', ended_at = now()`)
    expect((await put(other)).status).to.equal(200)
  })

  it('is answered by a JWKS that may be kept as long as a new key waits', async () => {
    const response = await fetch(`${server.url}/.well-known/jwks.json`)
    expect(response.headers.get('cache-control')).to.equal('public, max-age=300')
  })
})
