// Refusals on a real database, through the real API: each is told before the caller learns of it, and a flood is counted.
import { expect } from 'chai'
import request from 'supertest'
import { z } from 'zod'
import { type Denial, createDenials } from '../../../api/audit/denials.ts'
import { type Route, defineRoute } from '../../../api/http/route.ts'
import { type AuditEventRecord, listAuditEvents } from '../../../db/audit/events.ts'
import { createChat, listChats } from '../../../db/chat/chats.ts'
import { newId } from '../../../db/ids.ts'
import { AppError } from '../../../domain/errors.ts'
import { id } from '../../../domain/resource.ts'
import { captureLog } from '../../support/captured-log.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { expectProblem } from '../../support/expect-problem.ts'
import { type KernelServer, as, startKernelServer } from '../../support/kernel-server.ts'
import { rejection } from '../../support/rejection.ts'

const base = { tag: 'items', summary: 'An item' } as const
const page = { limit: 100 }

/** Changes something, and is then refused. */
const undoneRoute = defineRoute({
  ...base,
  method: 'post',
  path: '/undone',
  access: 'signed-in',
  responses: { 201: z.object({}) },
  problems: [403],
  handle: ({ db, actor, newResourceId }) =>
    db.transaction(async (tx) => {
      await createChat(tx, { userId: actor.userId, chatId: newResourceId }, { title: 'Undone' })
      throw new AppError('auth.forbidden')
    }),
})
const guardedRoute = defineRoute({
  ...base,
  method: 'get',
  path: '/items/{itemId}',
  access: 'ops:read',
  params: z.object({ itemId: id }),
  responses: { 200: z.object({}) },
  handle: async () => ({ status: 200, body: {} }),
})
const routes: readonly Route[] = [undoneRoute, guardedRoute]

describe('refused requests', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let server: KernelServer
  const userId = newId()

  before(async () => {
    database = await startTestDatabase()
    const { db } = database
    const user = {
      id: userId,
      email: `${userId}@example.org`,
      displayName: 'U',
      password: { hash: 'x', pepperId: '1' },
    }
    await db.models.User.create(user)
    server = await startKernelServer({ routes, db, denials: createDenials({ db, log: captureLog().log }) })
  })
  after(async () => {
    await server.stop()
    await database.stop()
  })

  const deniedEvents = async (
    filter: Parameters<typeof listAuditEvents>[1] = {},
  ): Promise<readonly AuditEventRecord[]> =>
    (await listAuditEvents(database.db, { outcome: 'denied', ...filter }, page)).data

  it('[A3] are told although everything else of them was undone', async () => {
    const answer = await request(server.url).post('/api/v1/undone').set(as(userId)).set('x-request-id', 'undone-1')
    expectProblem(answer, 403)
    expect((await listChats(database.db, userId, page)).data).to.deep.equal([])
    const [event, ...others] = await deniedEvents({ actorId: userId })
    expect(others).to.deep.equal([])
    expect(event?.leaf).to.deep.include({
      action: 'request.deny',
      outcome: 'denied',
      reason: 'auth.forbidden',
      requestId: 'undone-1',
      resource: { type: 'route', id: 'POST /api/v1/undone' },
    })
    expect(event?.leaf.actor.id).to.equal(userId)
    expect(event?.leaf.personal).to.have.property('ip')
  })

  it('are told with the ids that their path names, and nothing else of it, also without an account', async () => {
    const itemId = newId()
    const answer = await request(server.url).get(`/api/v1/items/${itemId}?q=secret`).set('x-request-id', 'anonymous-1')
    expectProblem(answer, 401)
    const event = (await deniedEvents()).find(({ leaf }) => leaf.requestId === 'anonymous-1')
    expect(event?.leaf).to.deep.include({ actor: { type: 'anonymous' }, details: { itemId } })
    expect(JSON.stringify(event)).not.to.include('secret')
    await request(server.url).get('/api/v1/items/not-an-id').set('x-request-id', 'anonymous-2')
    const other = (await deniedEvents()).find(({ leaf }) => leaf.requestId === 'anonymous-2')
    expect(other?.leaf.details).to.equal(undefined)
  })

  it('[A1] become 503 when they can’t be told', async () => {
    await database.owner.execute(
      `create function refuse_insert() returns trigger language plpgsql as 'begin raise exception ''no space''; end'`,
    )
    await database.owner.execute(
      'create trigger refuse_insert before insert on audit_events for each row execute function refuse_insert()',
    )
    try {
      const answer = await request(server.url).get(`/api/v1/items/${newId()}`).set(as(userId))
      expectProblem(answer, 503)
    } finally {
      await database.owner.execute('drop function refuse_insert() cascade')
    }
  })

  describe('in a flood', () => {
    const limits = { windowMs: 3_600_000, ofOne: 3, ofAnonymous: 5 }
    const denial = (part: Partial<Denial>): Denial => ({
      actor: undefined,
      route: 'GET /flood',
      code: 'auth.unauthenticated',
      attempt: undefined,
      ids: {},
      requestId: 'flood',
      ip: '203.0.113.1',
      userAgent: undefined,
      ...part,
    })
    /** Of the events that came since. */
    async function countsSince(known: readonly AuditEventRecord[]): Promise<(number | 'own')[]> {
      const ids = new Set(known.map((event) => event.id))
      const fresh = (await deniedEvents()).filter((event) => !ids.has(event.id)).toReversed()
      return fresh.map(({ leaf }) => (leaf.details?.['count'] as number | undefined) ?? 'own')
    }

    it('get events of their own up to a number for each address, and one with the count of the rest', async () => {
      const known = await deniedEvents()
      const denials = createDenials({ db: database.db, log: captureLog().log }, limits)
      for (let n = 0; n < 7; n += 1) await denials.record(denial({}))
      for (let n = 0; n < 4; n += 1) await denials.record(denial({ ip: `2001:db8:1:2::${n}` }))
      expect(await countsSince(known)).to.deep.equal(['own', 'own', 'own', 'own', 'own'])
      // The sixth without an account is beyond what all of them together get, whatever its address.
      for (let n = 0; n < 3; n += 1) await denials.record(denial({ ip: `198.51.100.${n}` }))
      await denials.settle()
      expect(await countsSince(known)).to.deep.equal(['own', 'own', 'own', 'own', 'own', 4, 2, 3])
      await denials.settle()
      await denials.record(denial({}))
      expect((await countsSince(known)).slice(8)).to.deep.equal(['own'])
    })

    it('count an account by itself, and refused sign-ins not at all', async () => {
      const known = await deniedEvents()
      const denials = createDenials({ db: database.db, log: captureLog().log }, limits)
      const actor = { userId, sessionId: newId(), email: 'a@example.org', roles: [], permissions: new Set<never>() }
      for (let n = 0; n < 5; n += 1) await denials.record(denial({ actor, ip: `192.0.2.${n}` }))
      const attempt = { action: 'auth.login', outcome: 'denied', resource: { type: 'user' } } as const
      for (let n = 0; n < 5; n += 1) await denials.record(denial({ attempt }))
      await denials.settle()
      const own = Array.from({ length: 8 }, () => 'own' as const)
      expect(await countsSince(known)).to.deep.equal([...own, 2])
    })

    it('stay counted when the count can’t be written', async () => {
      const known = await deniedEvents()
      const { log, withMessage } = captureLog()
      const denials = createDenials({ db: database.db, log }, limits)
      for (let n = 0; n < 5; n += 1) await denials.record(denial({}))
      const { owner } = database
      await owner.execute('alter table audit_events add constraint none check (action is null) not valid')
      try {
        await denials.settle()
        expect(withMessage('wasn’t written')).to.have.length(1)
        expect(await rejection(denials.record(denial({ ip: '203.0.113.9' })))).to.be.instanceOf(Error)
      } finally {
        await owner.execute('alter table audit_events drop constraint none')
      }
      await denials.settle()
      expect(await countsSince(known)).to.deep.equal(['own', 'own', 'own', 2])
    })
  })
})
