// How often sign-ins may fail, over HTTP with the real limits: whoever guesses is held up, wherever they guess from, and
// whoever it is about still gets in.
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { createRateLimits } from '../../../platform/rate-limits.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { makeUser, newPlatformKeys } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

const password = 'correct horse battery'

describe('the limits of sign-in', () => {
  let server: SignInServer
  let anonymous: ApiClient
  let next = 0
  let isBusy = false
  beforeEach(async function () {
    this.timeout(60_000)
    const rateLimits = createRateLimits({ redis: undefined, keys: newPlatformKeys(), factor: 1 })
    // So that a test may come from anywhere.
    isBusy = false
    server = await startSignInServer({
      environment: { CDSA_TRUST_PROXY: '1' },
      extend: async (_db, parts) => {
        const verify: typeof parts.passwords.verify = async (given, stored) => {
          if (isBusy) throw new AppError('auth.busy', { retryAfterMs: 1 })
          return await parts.passwords.verify(given, stored)
        }
        return { rateLimits, passwords: { ...parts.passwords, verify } }
      },
    })
    anonymous = createApiClient(server.url)
  })
  afterEach(() => server.stop())

  const from = (address: string, cookie?: string): Record<string, string> => ({
    'x-forwarded-for': address,
    ...(cookie !== undefined && { cookie }),
  })
  const newAddress = (): string => {
    next += 1
    return `198.51.${Math.floor(next / 250)}.${(next % 250) + 1}`
  }
  const signIn = (email: string, given: string, headers: Record<string, string>) =>
    anonymous.post('/auth/login', { email, password: given }, headers)
  async function fail(times: number, email: string, addressOf: () => string): Promise<number[]> {
    const statuses: number[] = []
    for (let time = 0; time < times; time += 1)
      statuses.push((await signIn(email, 'wrong horse battery', from(addressOf()))).status)
    return statuses
  }
  const deviceOf = ({ headers }: Awaited<ReturnType<typeof signIn>>): string | undefined =>
    headers
      .getSetCookie()
      .find((cookie) => cookie.startsWith('__Host-cdsa_device='))
      ?.split(';')[0]
  const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status)

  it('[S9] hold up guesses at one account from one address, and say for how long', async () => {
    const { email } = await makeUser(server.parts, { password })
    const cookie = deviceOf(await signIn(email, password, from('203.0.113.7')))
    expect(await fail(12, email, () => '203.0.113.7')).to.deep.equal([...times(10, 401), 429, 429])
    const limited = await signIn(email, password, from('203.0.113.7'))
    expect(limited.status, 'the right one, too').to.equal(429)
    expect(limited.body).to.include({ code: 'request.limited' })
    expect(Number(limited.headers.get('retry-after'))).to.be.within(1, 900)
    expect(limited.headers.get('ratelimit-policy')).to.equal('"login-account";q=10;w=900')
    expect(limited.headers.get('ratelimit')).to.match(/^"login-account";r=0;t=\d+$/)
    expect((await signIn(email, password, from('203.0.113.8'))).status, 'from elsewhere').to.equal(200)
    expect((await signIn(email, password, from('203.0.113.7', cookie))).status, 'on an own device').to.equal(200)
    const guesses: number[] = []
    for (let guess = 0; guess < 11; guess += 1)
      guesses.push((await signIn(email, 'wrong horse battery', from(newAddress(), `${cookie}.${guess}`))).status)
    expect(guesses, 'on an own device, however its mark is spelled').to.deep.equal([...times(10, 401), 429])
  })

  it('[S9] count an address of version 6 by its network', async () => {
    const { email } = await makeUser(server.parts, { password })
    let host = 0
    const statuses = await fail(11, email, () => `2001:db8:1:2::${((host += 1)).toString(16)}`)
    expect(statuses).to.deep.equal([...times(10, 401), 429])
  })

  it('[S9] hold up guesses at many accounts from one address', async function () {
    this.timeout(60_000)
    const { email } = await makeUser(server.parts, { password })
    let account = 0
    const statuses: number[] = []
    for (; account < 102; account += 1) {
      const headers = from('203.0.113.9')
      statuses.push((await signIn(`nobody-${account}@example.org`, 'wrong horse battery', headers)).status)
    }
    expect(statuses).to.deep.equal([...times(100, 401), 429, 429])
    expect((await signIn(email, password, from('203.0.113.10'))).status).to.equal(200)
  })

  it('[S9] hold up guesses from everywhere, while the victim signs in on their own device', async function () {
    this.timeout(60_000)
    const { email } = await makeUser(server.parts, { password })
    const own = await signIn(email, password, from('203.0.113.20'))
    const cookie = deviceOf(own)
    const statuses = await fail(105, email, newAddress)
    expect(statuses).to.deep.equal([...times(100, 401), ...times(5, 429)])
    expect((await signIn(email, password, from(newAddress()))).status, 'a stranger’s right guess').to.equal(429)
    expect((await signIn(email, password, from(newAddress(), cookie))).status, 'the victim').to.equal(200)
    const { email: other } = await makeUser(server.parts, { password })
    await fail(100, other, newAddress)
    expect((await signIn(other, password, from(newAddress(), cookie))).status, 'with another’s mark').to.equal(429)
    const forged = `${cookie?.slice(0, -4)}AAAA`
    expect((await signIn(email, password, from(newAddress(), forged))).status, 'with a forged mark').to.equal(429)
  })

  it('[S8] are the same for an address without an account', async () => {
    const { email } = await makeUser(server.parts, { password })
    const known = await fail(11, email, () => '203.0.113.30')
    expect(await fail(11, 'nobody@example.org', () => '203.0.113.31')).to.deep.equal(known)
  })

  it('count no sign-in that failed by a fault of ours', async () => {
    const { email } = await makeUser(server.parts, { password })
    isBusy = true
    for (let time = 0; time < 12; time += 1)
      expect((await signIn(email, password, from('203.0.113.45'))).status).to.equal(503)
    isBusy = false
    expect((await signIn(email, password, from('203.0.113.45'))).status).to.equal(200)
  })

  it('[S9] forget a device with the password that it was known for', async function () {
    this.timeout(60_000)
    const { email, id } = await makeUser(server.parts, { password })
    const own = await signIn(email, password, from('203.0.113.46'))
    const cookie = deviceOf(own)
    await fail(101, email, newAddress)
    expect((await signIn(email, password, from(newAddress(), cookie))).status).to.equal(200)
    const { hash, pepperId } = await server.parts.passwords.hash('another horse staple')
    await server.database.owner.execute('update users set password_hash = $2, pepper_id = $3 where id = $1', [
      id,
      hash,
      pepperId,
    ])
    expect((await signIn(email, 'another horse staple', from(newAddress(), cookie))).status).to.equal(429)
  })

  it('count no sign-in that succeeds', async () => {
    const { email } = await makeUser(server.parts, { password })
    for (let time = 0; time < 12; time += 1) {
      const answer = await signIn(email, password, from('203.0.113.40'))
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('ratelimit')).to.match(/^"login-account";r=9;t=\d+, "login-address";r=99;t=\d+/)
    }
  })

  it('tell the log of who was held up', async () => {
    const { email } = await makeUser(server.parts, { password })
    await fail(11, email, () => '203.0.113.50')
    const rows = await server.database.owner.query(
      `select id from audit_events where leaf like '%"reason":"request.limited"%'`,
    )
    expect(rows).to.have.length(1)
  })

  it('stand on other routes of sign-in, too', async () => {
    const headers = from('203.0.113.60')
    const refreshed = await anonymous.post('/auth/refresh', { refreshToken: 'x' }, headers)
    expect(refreshed.headers.get('ratelimit-policy')).to.equal('"refresh";q=600;w=60')
    const statuses: number[] = []
    for (let time = 0; time < 101; time += 1)
      statuses.push((await anonymous.post('/auth/password/reset', { token: 'x' }, headers)).status)
    expect(statuses).to.deep.equal([...times(100, 422), 429])
  })
})
