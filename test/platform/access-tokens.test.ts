// The corpus of forged access tokens against the real passport strategy: each differs from a good token in one thing.
import { createPublicKey, randomBytes, randomUUID, sign } from 'node:crypto'
import { expect } from 'chai'
import { AppError } from '../../domain/errors.ts'
import { createAccessTokens } from '../../platform/access-tokens.ts'
import {
  askedFor,
  encode,
  forge,
  goodClaims,
  goodHeader,
  hmac,
  kid,
  other,
  pair,
  pem,
  present,
  seconds,
  subject,
  tokens,
} from '../support/forged-tokens.ts'

async function expectRefused(token: string, why: string): Promise<void> {
  const outcome = await present(`Bearer ${token}`)
  expect(outcome, why).to.have.property('refused')
  const { refused } = outcome as { refused: unknown }
  if (refused instanceof AppError) expect(refused.code, why).to.equal('auth.unauthenticated')
}

describe('access tokens', () => {
  it('are accepted as issued, for ten minutes, and name user and session', async () => {
    const { token, expiresInSeconds } = await tokens.issueAccessToken(subject)
    expect(expiresInSeconds).to.equal(600)
    expect(await present(`Bearer ${token}`)).to.deep.equal({ found: subject })
    const [header, claims] = token
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>)
    expect(header).to.deep.equal(goodHeader)
    expect(claims).to.include({ iss: 'cdsa', aud: 'cdsa-api', sub: subject.userId, sid: subject.sessionId })
    expect(claims).to.have.all.keys('iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp')
    expect(Number(claims?.['exp']) - Number(claims?.['iat'])).to.equal(600)
  })

  it('never repeat their id', async () => {
    const issued = await Promise.all([tokens.issueAccessToken(subject), tokens.issueAccessToken(subject)])
    expect(new Set(issued.map(({ token }) => token)).size).to.equal(2)
  })

  it('are accepted when made by hand in the same form, so that each forgery below fails for its own reason', async () => {
    expect(await present(`Bearer ${forge()}`)).to.deep.equal({ found: subject })
  })

  it('are wanted as a bearer token in the header', async () => {
    const token = forge()
    for (const authorization of [
      undefined,
      '',
      token,
      `Basic ${token}`,
      `Bearer`,
      `Bearer `,
      `Token Bearer ${token}`,
      `Bearer ${token} x`,
    ])
      expect(await present(authorization), String(authorization)).to.have.property('refused')
  })

  it('[S1] refuses alg none in every spelling, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined, ['none'], { alg: 'none' }]) {
      const header = { ...goodHeader, alg }
      await expectRefused(`${encode(header)}.${encode(goodClaims())}.`, `${JSON.stringify(alg)} unsigned`)
      await expectRefused(forge(header), `${JSON.stringify(alg)} signed`)
    }
  })

  it('[S1] refuses an HMAC made with the public key, and every other algorithm', async () => {
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' })
    const variants = [pem, pem.trim(), pem.replaceAll('\n', ''), der]
    for (const secret of variants) {
      await expectRefused(hmac({ ...goodHeader, alg: 'HS256' }, secret), 'HS256')
      await expectRefused(hmac({ ...goodHeader, alg: 'HS384' }, secret, 'sha384'), 'HS384')
      await expectRefused(hmac(goodHeader, secret), 'an HMAC that calls itself ES256')
    }
    for (const alg of ['ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'es256', 'ES256 ', 'HS256'])
      await expectRefused(forge({ ...goodHeader, alg }), alg)
  })

  it('[S1] takes no key from the token itself, and refuses one that brings a key or an address', async () => {
    const jwk = other.publicKey.export({ format: 'jwk' })
    const extras: object[] = [
      { jwk },
      { jku: 'http://127.0.0.1:9/jwks.json' },
      { x5u: 'http://127.0.0.1:9/chain.pem' },
      { x5c: ['MIIB'] },
      { crit: ['exp'] },
      { b64: false, crit: ['b64'] },
    ]
    for (const extra of extras) {
      const header = { ...goodHeader, ...extra }
      await expectRefused(forge(header, goodClaims(), other.privateKey), `${Object.keys(extra).join()}, own key`)
      await expectRefused(forge(header), `${Object.keys(extra).join()}, our key`)
    }
  })

  it('[S1] looks up only key ids of the right form, never paths or SQL', async () => {
    const forms = [
      '../../../../dev/null',
      '/proc/self/environ',
      "' or '1'='1",
      "x' union select 'secret' --",
      'a'.repeat(42),
      'a'.repeat(44),
      '',
      7,
      null,
      ['x'],
      { kid },
      '__proto__',
      'constructor',
    ]
    askedFor.length = 0
    for (const form of forms) await expectRefused(forge({ ...goodHeader, kid: form }), JSON.stringify(form))
    expect(askedFor).to.deep.equal([])
  })

  it('[S1] refuses a signature by another key, by none, and over something else', async () => {
    await expectRefused(forge(goodHeader, goodClaims(), other.privateKey), 'another key')
    await expectRefused(forge({ ...goodHeader, kid: randomBytes(32).toString('base64url') }), 'an unknown key')
    const [header = '', , signature = ''] = forge().split('.')
    await expectRefused(`${header}.${encode({ ...goodClaims(), sub: randomUUID() })}.${signature}`, 'other claims')
    await expectRefused(`${header}.${encode(goodClaims())}.${'A'.repeat(86)}`, 'r = s = 0 (CVE-2022-21449)')
    await expectRefused(`${header}.${encode(goodClaims())}.AAAA`, 'a short signature')
  })

  it('[S2] refuses wrong iss, aud and typ', async () => {
    for (const iss of ['', 'other', 'CDSA', ['cdsa'], null, undefined])
      await expectRefused(forge(goodHeader, { ...goodClaims(), iss }), `iss ${String(iss)}`)
    for (const aud of ['', 'cdsa', 'other', [], ['other'], ['cdsa-api', 'other'], null, undefined])
      await expectRefused(forge(goodHeader, { ...goodClaims(), aud }), `aud ${String(aud)}`)
    for (const typ of ['JWT', 'jwt', 'rt+jwt', 'AT+JWT', 'application/at+jwt', '', null, undefined])
      await expectRefused(forge({ ...goodHeader, typ }), `typ ${String(typ)}`)
  })

  it('[S2] refuses what has expired, isn’t valid yet, or never expires', async () => {
    const times: object[] = [
      { exp: seconds() },
      { exp: seconds() - 1 },
      { exp: undefined },
      { exp: null },
      { exp: String(seconds() + 600) },
      { nbf: seconds() + 60 },
      { nbf: 'tomorrow' },
    ]
    for (const time of times) await expectRefused(forge(goodHeader, { ...goodClaims(), ...time }), JSON.stringify(time))
  })

  it('refuses claims that name no user or session', async () => {
    for (const change of [
      { sub: undefined },
      { sid: undefined },
      { sub: 'admin' },
      { sid: "' or true --" },
      { sub: 1 },
    ])
      await expectRefused(forge(goodHeader, { ...goodClaims(), ...change }), JSON.stringify(change))
    for (const claims of [null, [], 'text', 7]) await expectRefused(forge(goodHeader, claims), JSON.stringify(claims))
  })

  it('[S3] refuses every other spelling of the same bytes', async () => {
    const token = forge()
    const [header = '', claims = '', signature = ''] = token.split('.')
    // 64 bytes leave four unused bits in the last character: 15 other characters decode to the same signature.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const twins = Array.from(alphabet, (last) => signature.slice(0, -1) + last).filter(
      (twin) => twin !== signature && Buffer.from(twin, 'base64url').equals(Buffer.from(signature, 'base64url')),
    )
    expect(twins).to.have.length(15)
    for (const twin of twins) await expectRefused(`${header}.${claims}.${twin}`, 'unused bits')
    for (const odd of [
      `${signature}=`,
      `${signature}==`,
      `${signature}\u00a0`,
      `${signature.slice(0, 40)}.${signature.slice(40)}`,
    ])
      await expectRefused(`${header}.${claims}.${odd}`, 'padding or foreign characters')
    const signedPadding = (() => {
      const input = `${header}=.${claims}`
      const bytes = sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
      return `${input}.${bytes.toString('base64url')}`
    })()
    await expectRefused(signedPadding, 'padding that was signed')
    expect(await present(`Bearer ${token}`)).to.have.property('found')
  })

  it('refuses text that is no token at all', async () => {
    for (const token of [
      'a',
      'a.b',
      'a.b.c',
      '..',
      '...',
      'é.é.é',
      `${forge()}.x`,
      forge().repeat(12),
      '{}',
      'null.null.null',
    ])
      await expectRefused(token, token.slice(0, 20))
  })

  it('keeps two requests apart that are checked at the same time', async () => {
    const waiting: (() => void)[] = []
    const slow = createAccessTokens({
      current: async () => ({ kid, privateKey: pair.privateKey }),
      publicKey: async () => {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
          if (waiting.length === 2) for (const release of waiting.toReversed()) release()
        })
        return pair.publicKey
      },
    })
    const subjects = [subject, { userId: randomUUID(), sessionId: randomUUID() }]
    const issued = await Promise.all(subjects.map((one) => slow.issueAccessToken(one)))
    const outcomes = await Promise.all(issued.map(({ token }) => present(`Bearer ${token}`, slow)))
    expect(outcomes).to.deep.equal(subjects.map((found) => ({ found })))
  })

  it('doesn’t call a token bad when the keys can’t be loaded', async () => {
    const broken = createAccessTokens({
      current: async () => ({ kid, privateKey: pair.privateKey }),
      publicKey: async () => {
        throw new Error('the database is down')
      },
    })
    const outcome = await present(`Bearer ${forge()}`, broken)
    expect(outcome)
      .to.have.property('refused')
      .that.is.instanceOf(AppError)
      .with.property('code', 'service.unavailable')
  })
})
