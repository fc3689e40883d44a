// The platform's own signing key is rotated twice under load, by the vault, with short times. Nobody is refused meanwhile:
// neither by the API, nor by a service that checks tokens by itself and keeps the JWKS as long as it may.
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type ApiClient, createApiClient, signIn } from '../support/api-client.ts'
import { eventually } from '../support/eventually.ts'
import { type ForgeToken, stealSigningKey } from '../support/key-forger.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'
import { type TokenLoad, keyOf, startTokenLoad } from '../support/token-load.ts'

const administrator = { email: 'admin@example.org', password: 'correct horse battery staple' }
const tokenSeconds = 20
const maxAgeSeconds = 3
const graceSeconds = tokenSeconds + 10
const rotations = 2

interface Service {
  /** Tokens that it found to be good, by key, and why it refused others. */
  readonly verified: Map<string, number>
  readonly refused: string[]
  verify(token: string): Promise<void>
  stop(): Promise<void>
}

/** It never asks for the JWKS on account of a key that it doesn't know: what counts is what it has. */
function startService(apiUrl: string, tokens: () => readonly string[]): Service {
  const jwks = createRemoteJWKSet(new URL(`${apiUrl}/.well-known/jwks.json`), {
    cacheMaxAge: maxAgeSeconds * 1_000,
    cooldownDuration: 3_600_000,
  })
  const verified = new Map<string, number>()
  const refused: string[] = []
  const ending = new AbortController()
  const verify = async (token: string): Promise<void> => {
    await jwtVerify(token, jwks, { issuer: 'cdsa', audience: 'cdsa-api', typ: 'at+jwt', algorithms: ['ES256'] })
  }
  const watching = (async () => {
    while (!ending.signal.aborted) {
      for (const token of tokens()) {
        await verify(token).then(
          () => verified.set(keyOf(token), (verified.get(keyOf(token)) ?? 0) + 1),
          (error: unknown) => refused.push(String(error)),
        )
      }
      await delay(200)
    }
  })()
  return {
    verified,
    refused,
    verify,
    stop: async () => {
      ending.abort()
      await watching
    },
  }
}

describe('the rotation of the signing key under load', function () {
  this.timeout(400_000)
  let platform: PlatformProcess
  let admin: ApiClient
  let load: TokenLoad
  let service: Service
  let secretId: string
  /** The keys that have signed, oldest first, and what a thief of each can make. */
  const kids: string[] = []
  const forgers: ForgeToken[] = []

  const published = async (): Promise<string[]> => {
    const { keys } = (await (await fetch(`${platform.run.apiUrl}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[]
    }
    return keys.map(({ kid }) => kid)
  }
  /** The administrator's token is short-lived, too. */
  const asAdmin = async (): Promise<ApiClient> => (admin = await signIn(platform.run.apiUrl, administrator))
  const statusOf = async (token: string): Promise<number> =>
    (await createApiClient(platform.run.apiUrl, token).get('/auth/me')).status

  async function keep(): Promise<void> {
    const kid = (await (await asAdmin()).get(`/vault/secrets/${secretId}/value`)).body['value']
    kids.push(kid)
    forgers.push(await stealSigningKey(platform.dataDir, kid))
  }

  async function rotate(): Promise<void> {
    const started = await (await asAdmin()).post(`/vault/secrets/${secretId}/rotate`)
    expect(started.status).to.equal(202)
    await eventually(
      'the rotation has ended',
      async () => {
        await delay(500)
        const { status, body } = await admin.get(`/vault/secrets/${secretId}/rotations`)
        if (status === 401) await asAdmin()
        return status === 200 && body['data'][0].endedAt !== null
      },
      150_000,
    )
    const { data } = (await (await asAdmin()).get(`/vault/secrets/${secretId}/rotations`)).body
    expect(data[0], JSON.stringify(data[0])).to.include({ state: 'completed', rotator: 'jwt-signing-key' })
    await keep()
  }

  before(async () => {
    platform = await startPlatformProcess({
      env: {
        CDSA_ADMIN_EMAIL: administrator.email,
        CDSA_ADMIN_PASSWORD: administrator.password,
        CDSA_ACCESS_TOKEN_SECONDS: String(tokenSeconds),
        CDSA_JWKS_MAX_AGE_SECONDS: String(maxAgeSeconds),
      },
    })
    const [kid] = await published()
    await asAdmin()
    const created = await admin.post('/vault/secrets', { path: 'platform/jwt-signing-key', value: kid })
    secretId = created.body['secret'].id
    const policy = { rotator: 'jwt-signing-key', everySeconds: 1_000_000, graceSeconds, config: {} }
    const put = await admin.request('PUT', `/vault/secrets/${secretId}/rotation-policy`, { body: policy })
    expect(put.status, JSON.stringify(put.body)).to.equal(200)
    load = await startTokenLoad(platform.run.apiUrl, { clients: 5, requestsPerSecond: 50, renewMs: 5_000 })
    service = startService(platform.run.apiUrl, load.tokens)
    await keep()
    expect(await statusOf(forgers[0]?.(load.tokens()[0] ?? '') ?? '')).to.equal(200)
    for (let time = 0; time < rotations; time += 1) await rotate()
    await service.stop()
    await load.stop()
  })
  after(async () => {
    await service?.stop()
    await load?.stop().catch(() => undefined)
    await platform?.stop()
  })

  it('[V24] answers every request, with tokens of each key', () => {
    expect([...load.statuses.keys()], JSON.stringify([...load.statuses])).to.deep.equal([200])
    expect(new Set(kids).size).to.equal(rotations + 1)
    expect([...load.accepted.keys()]).to.have.members(kids)
  })

  it('[V24] ends with one key in the JWKS, and refuses fresh tokens of the others', async () => {
    expect(await published()).to.deep.equal([kids.at(-1)])
    const { token: live = '' } = await asAdmin()
    const answers = await Promise.all(forgers.map((forge) => statusOf(forge(live))))
    expect(answers).to.deep.equal([...Array.from({ length: rotations }, () => 401), 200])
  })

  it('[V24] leaves a service that verifies by jose, and keeps the JWKS for its age, without a token that it refuses', async () => {
    expect(service.refused).to.deep.equal([])
    expect([...service.verified.keys()]).to.have.members(kids)
    await delay(maxAgeSeconds * 1_000)
    const live = admin.token ?? ''
    await service.verify(forgers.at(-1)?.(live) ?? '')
    const refusal = await service.verify(forgers[0]?.(live) ?? '').catch((error: unknown) => error)
    expect(refusal).to.have.property('code', 'ERR_JWKS_NO_MATCHING_KEY')
  })
})
