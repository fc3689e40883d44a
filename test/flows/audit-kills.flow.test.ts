// Real processes are killed while real clients change things: afterwards every change that the database holds is one event
// of the log, every event a change, and the log is sealed as a whole.
import { expect } from 'chai'
import { Client } from 'pg'
import type { ApiClient } from '../support/api-client.ts'
import { createRandom, killCount } from '../support/chaos.ts'
import { type ChaosPlatform, type Part, onServices, startChaosPlatform } from '../support/chaos-platform.ts'
import { eventually } from '../support/eventually.ts'

const parts: readonly Part[] = onServices ? ['api', 'worker', 'database'] : ['api and worker', 'database']

/** Rows that are there, and the actions that make and remove one of them. */
const kinds = [
  { rows: 'select id from users', make: ['user.create'], remove: [] },
  { rows: 'select id from sessions', make: ['auth.login'], remove: [] },
  { rows: 'select id from chats', make: ['chat.create'], remove: ['chat.delete'] },
  {
    rows: 'select id from collections where not is_default',
    make: ['collection.create'],
    remove: ['collection.delete'],
  },
  { rows: 'select id from documents', make: ['document.create'], remove: ['document.delete'] },
] as const

type Doing = (client: ApiClient, turn: number) => Promise<unknown>

/** Each leaves something behind, or takes something of its own away again. */
const doings: readonly Doing[] = [
  (client) => client.post('/chats', { title: 'Stays' }),
  async (client) => {
    const { chat } = (await client.post('/chats')).body
    await client.request('PATCH', `/chats/${chat.id}`, { body: { title: 'Changed' } })
    await client.request('DELETE', `/chats/${chat.id}`)
  },
  (client, turn) => client.post('/collections', { name: `C${turn}` }, { 'idempotency-key': `c-${turn}` }),
  (client, turn) => client.upload({ filename: 'a.txt', bytes: Buffer.from(`Text number ${turn}.`) }),
  async (client) => {
    const { chat } = (await client.post('/chats')).body
    await client.post(`/chats/${chat.id}/turns`, { content: 'hello' })
  },
]

describe('the audit log over kills', function () {
  this.timeout(120_000 + killCount * 60_000)
  let platform: ChaosPlatform
  let database: Client

  before(async () => {
    platform = await startChaosPlatform({ tokens: 10, physics: { ttft: 10, tps: 500 } })
  })
  after(async () => {
    await database?.end()
    await platform?.stop()
  })

  /** The last kill may have been the database's: undefined while it starts. */
  const connect = async (): Promise<Client | undefined> => {
    const client = new Client({ connectionString: platform.databaseUrl() })
    return client.connect().then(
      () => client,
      () => undefined,
    )
  }

  const ids = async (sql: string, bind: readonly unknown[] = []): Promise<string[]> => {
    const { rows } = await database.query<{ id: string }>(sql, [...bind])
    return rows.map(({ id }) => id)
  }
  const told = (actions: readonly string[]): Promise<string[]> =>
    ids('select resource_id as id from audit_events where action = any($1)', [actions])

  it(`[A2] tells of every change and of nothing else, after ${killCount} SIGKILLs at random moments`, async () => {
    const random = createRandom('A2')
    const over = new AbortController()
    const done = new Set<Doing>()
    let tried = 0
    const work = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const client = await platform.newClient()
        // What a kill cuts off is the point: whether it was done is asked of the database.
        for (let n = 0; n < 10 && !over.signal.aborted; n += 1) {
          const doing = random.pick(doings)
          await doing(client, tried).then(
            () => done.add(doing),
            () => {},
          )
          tried += 1
        }
      }
    }
    const working = [work(), work(), work()]
    try {
      await eventually('each thing is done once', () => done.size === doings.length, 60_000)
      for (let kill = 0; kill < killCount; kill += 1) {
        const before = tried
        await eventually('the clients get on', () => tried > before + 5, 60_000)
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 400)))
        await platform.strike(random.pick(parts))
      }
    } finally {
      over.abort()
      await Promise.all(working)
    }

    database = await eventually('the database is back', connect, 60_000)
    for (const { rows, make, remove } of kinds) {
      const [there, made, removed] = [await ids(rows), await told(make), await told(remove)]
      expect(made.length, `some ${make[0]}`).to.be.greaterThan(0)
      expect(new Set(made).size, `${make[0]}, once each`).to.equal(made.length)
      expect(
        removed.every((id) => made.includes(id)),
        `${String(remove[0])} of what was made`,
      ).to.equal(true)
      expect(there.toSorted(), make[0]).to.deep.equal(made.filter((id) => !removed.includes(id)).toSorted())
    }
    const turns = await ids('select t.id from turns t')
    const kept = await ids(`select e.resource_id as id from audit_events e where e.action = 'turn.create'
      and exists (select from chats c where c.id::text = e.leaf::json->'details'->>'chatId')`)
    expect(turns.toSorted(), 'turn.create').to.deep.equal(kept.toSorted())
  })

  it('is sealed as a whole, without a gap', async () => {
    const newest = (await ids('select id from audit_events order by id desc limit 1'))[0]
    await eventually(
      'the newest event of then is sealed',
      async () => {
        return (await ids('select event_id as id from audit_leaves where event_id = $1', [newest])).length === 1
      },
      60_000,
    )
    const gaps =
      await ids(`select leaf_index::text as id from (select leaf_index, row_number() over (order by leaf_index) - 1 as place
      from audit_leaves) l where leaf_index <> place`)
    expect(gaps).to.deep.equal([])
  })
})
