// What the log says of sign-ins: who came in, and of who didn't no more than an account's id or a keyed hash.
import { expect } from 'chai'
import request from 'supertest'
import { findDisclosures, listAuditEvents } from '../../../db/audit/events.ts'
import { uniqueEmail } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

describe('sign-ins in the audit log', function () {
  this.timeout(60_000)
  let server: SignInServer

  before(async () => {
    server = await startSignInServer()
  })
  after(() => server.stop())

  async function signIn(email: string, password: string, requestId: string): Promise<number> {
    const sent = request(server.url).post('/api/v1/auth/login').set('x-request-id', requestId)
    return (await sent.send({ email, password })).status
  }
  async function toldOf(requestId: string) {
    const { data } = await listAuditEvents(server.parts.db, { action: 'auth.login' }, { limit: 100 })
    const events = data.filter(({ leaf }) => leaf.requestId === requestId)
    expect(events).to.have.length(1)
    const { id, leaf } = events[0] as (typeof events)[number]
    return { leaf, disclosures: (await findDisclosures(server.parts.db, [id])).get(id) ?? [] }
  }

  it('that succeed name the account and its session', async () => {
    const { email, userId } = await server.clientWith('user')
    expect(await signIn(email, 'correct horse battery', 'in')).to.equal(200)
    const { leaf } = await toldOf('in')
    expect(leaf).to.deep.include({ outcome: 'success', class: 3_002, activity: 1, severity: 1 })
    expect(leaf.actor).to.deep.equal({ type: 'user', id: userId, session: leaf.resource.id })
  })

  it('with a wrong password name the account that was tried, and nobody as who did it', async () => {
    const { email, userId } = await server.clientWith('user')
    expect(await signIn(email, 'wrong horse battery', 'wrong')).to.equal(401)
    const { leaf, disclosures } = await toldOf('wrong')
    expect(leaf).to.deep.include({ outcome: 'failure', reason: 'auth.invalid_credentials', severity: 2 })
    expect([leaf.actor, leaf.resource]).to.deep.equal([{ type: 'anonymous' }, { type: 'user', id: userId }])
    expect(disclosures.map(({ name }) => name)).to.deep.equal(['ip'])
  })

  it('under an unknown address hold a keyed hash of it, the same for the same address, and never the address', async () => {
    const email = uniqueEmail()
    expect(await signIn(email, 'my password by mistake', 'unknown-1')).to.equal(401)
    expect(await signIn(email.toUpperCase(), 'another password', 'unknown-2')).to.equal(401)
    expect(await signIn(uniqueEmail(), 'another password', 'unknown-3')).to.equal(401)
    const [first, second, other] = [await toldOf('unknown-1'), await toldOf('unknown-2'), await toldOf('unknown-3')]
    const hash = first.leaf.details?.['loginHmac']
    expect(hash).to.be.a('string').and.to.equal(second.leaf.details?.['loginHmac'])
    expect(hash).not.to.equal(other.leaf.details?.['loginHmac'])
    expect(first.leaf.resource).to.deep.equal({ type: 'user' })
    expect(JSON.stringify(first)).not.to.include(email.split('@')[0])
    expect(JSON.stringify(first)).not.to.include('mistake')
  })
})
