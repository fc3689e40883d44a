// Wide: API processes keep nothing of their own and workers may be split by queue, so any of them may serve any client,
// and any of them may die.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { createTurn, getTurn } from '../../db/chat/turns.ts'
import { type Db, openDatabase } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { type ApiClient, createApiClient, signUp } from '../support/api-client.ts'
import { createTally, settle } from '../support/chaos.ts'
import { onServices } from '../support/chaos-platform.ts'
import { runCheckedIngestion } from '../support/checked-ingestion.ts'
import { runCheckedTurn } from '../support/checked-turn.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { followTurnPersistently } from '../support/follow.ts'
import { followNotifications } from '../support/notification-apis.ts'
import { type MockUpstream, numberedTokens, slowFixture, startMockUpstream } from '../support/mock-upstream.ts'

const apis = ['api-1', 'api-2', 'api-3'] as const
const tokens = 80

// Processes of their own share a database and a Redis, which the embedded platform doesn't have.
if (onServices) {
  describe('three API processes and three workers', function () {
    this.timeout(180_000)
    let upstream: MockUpstream
    let cluster: Cluster
    let db: Db
    let user: ApiClient & { readonly userId: string }

    before(async () => {
      upstream = await startMockUpstream({
        fixtures: [slowFixture('count to the end', tokens, { ttft: 100, tps: 40 })],
      })
      cluster = await startCluster({
        OPENAI_BASE_URL: upstream.baseUrl,
        OPENAI_API_KEY: 'mock',
        CDSA_EMBEDDING_MODEL: 'offline/hash-384',
      })
      db = openDatabase({ url: cluster.databaseUrl, poolSize: 2 })
    })
    after(async () => {
      await db?.close()
      await cluster?.stop()
      await upstream?.stop()
    })

    const via = (name: string): ApiClient => createApiClient(cluster.apiUrl(name), user.token)
    const newChat = async (): Promise<string> => (await user.post('/chats')).body['chat'].id

    /** The worker that runs a turn's model step right now. */
    const workerOf = (turnId: string): Promise<string> =>
      eventually('the turn’s step runs', async () => {
        const { raw } = await cluster.temporal.workflow.getHandle(`chat-turn/${turnId}`).describe()
        return cluster.nameOf(raw.pendingActivities?.[0]?.lastWorkerIdentity ?? '')
      })

    it('lets one of three migrations that start at once do it all, on an empty database', async () => {
      const migrations = await Promise.all([cluster.migrate(), cluster.migrate(), cluster.migrate()])
      expect(migrations.map(({ code, output }) => (code === 0 ? 0 : output))).to.deep.equal([0, 0, 0])
      expect(migrations.filter(({ output }) => output.includes('Ran '))).to.have.length(1)
      expect(migrations.filter(({ output }) => output.includes('Nothing to migrate.'))).to.have.length(2)
      await Promise.all([
        ...apis.map((name) => cluster.startApi(name)),
        cluster.startWorker('worker-llm', 'llm'),
        cluster.startWorker('worker-documents', 'documents'),
        cluster.startWorker('worker-all'),
      ])
      user = await signUp(cluster.apiUrl('api-1'))
    })

    it('streams a turn through any API while the one that streams it and its worker are killed', async () => {
      const tally = createTally()
      let reader: string = 'api-2'
      const dying: Promise<void>[] = []
      const client = via('api-1')
      const post: ApiClient['post'] = async (path, body, headers) => {
        const answer = await client.post(path, body, headers)
        const turnId: unknown = answer.body['turn']?.id
        if (typeof turnId === 'string') started.push(turnId)
        return answer
      }
      const started: string[] = []
      await runCheckedTurn(tally, {
        client: { ...client, post },
        reader: () => via(reader),
        content: 'count to the end',
        tokens,
        onPoint: (point) => {
          if (point >= 15 && reader === 'api-2') {
            reader = 'api-3'
            tally.kills += 1
            dying.push(cluster.kill('api-2'))
          }
          if (point >= 45 && tally.kills === 1) {
            tally.kills += 1
            dying.push(workerOf(started[0] ?? '').then((name) => cluster.kill(name)))
          }
        },
      })
      await Promise.all(dying)
      settle('wide', 'services', { tally, kills: 2 })
      await cluster.startApi('api-2')
    })

    it('makes one turn of the same request to all three at once', async () => {
      const chat = await newChat()
      const headers = { 'idempotency-key': randomUUID() }
      const answers = await Promise.all(
        apis.map((name) => via(name).post(`/chats/${chat}/turns`, { content: 'Hello.' }, headers)),
      )
      const made = answers.filter(({ status }) => status < 300)
      const others = answers
        .filter(({ status }) => status >= 300)
        .map(({ status, body }) => `${status} ${body['code']}`)
      expect(made.length).to.be.greaterThan(0)
      expect(new Set(made.map(({ body }) => body['turn'].id)).size).to.equal(1)
      expect(others.filter((answer) => answer !== '409 idempotency.in_flight')).to.deep.equal([])
      await followTurnPersistently(via('api-2'), made[0]?.body['eventsUrl'])
      const again = await via('api-3').post(`/chats/${chat}/turns`, { content: 'Hello.' }, headers)
      expect(again.body['turn'].id).to.equal(made[0]?.body['turn'].id)
      const { data } = (await user.get(`/chats/${chat}/messages`)).body
      expect(data.map(({ role }: { role: string }) => role)).to.deep.equal(['assistant', 'user'])
    })

    it('cancels a turn through another API than the one that streams it', async () => {
      const chat = await newChat()
      const { body } = await via('api-1').post(`/chats/${chat}/turns`, { content: 'count slowly' })
      let cancelling: Promise<number> | undefined
      const view = await followTurnPersistently(via('api-2'), body['eventsUrl'], {
        onEvent: ({ text }) => {
          if (text.length < 25) return
          cancelling ??= via('api-3')
            .post(`/chats/${chat}/turns/${body['turn'].id}/cancel`)
            .then(({ status }) => status)
        },
      })
      expect(await cancelling).to.equal(202)
      expect(view.ending?.event).to.equal('turn.cancelled')
      expect(view.ending?.data['message'].content).to.equal(view.text)
      expect(numberedTokens(300).startsWith(view.text)).to.equal(true)
    })

    it('tells of a document at another API than the one that took it', async () => {
      const tally = createTally()
      const client = { ...via('api-3'), upload: via('api-1').upload }
      await runCheckedIngestion(tally, { client, databaseUrl: cluster.databaseUrl })
      settle('wide, documents', 'services', { tally, kills: 0 })
    })

    it('notifies at every API of a document that one of them took', async () => {
      const streams = await Promise.all(apis.map((name) => followNotifications(via(name), '1-0')))
      const uploaded = await via('api-1').upload({ filename: 'tide.txt', bytes: Buffer.from('High water is at noon.') })
      expect(uploaded.status).to.equal(202)
      for (const { seen } of streams)
        await eventually('it is indexed', () => seen.some(({ title }) => title === '“tide.txt” is indexed'))
      const [first, ...others] = streams.map(({ seen }) => seen.map(({ id, kind }) => `${id} ${kind}`))
      for (const other of others) expect(other).to.deep.equal(first)
      for (const stream of streams) stream.close()
    })

    it('starts each lost turn once, although three workers sweep', async () => {
      await cluster.startWorker('worker-llm-2', 'llm')
      await cluster.startWorker('worker-llm-3', 'llm')
      const lost = await Promise.all(
        Array.from({ length: 12 }, async () => ({ userId: user.userId, chatId: await newChat(), turnId: newId() })),
      )
      for (const access of lost) {
        const { turnId } = access
        await createTurn(db, {
          ...access,
          content: `lost ${turnId}`,
          defaultModel: 'openai/gpt-4o-mini',
          attachmentIds: [],
        })
        await db.execute(`update turns set created_at = now() - interval '1 minute' where id = $1`, [turnId])
      }
      for (const access of lost) {
        await eventually('it has ended', async () => (await getTurn(db, access)).status === 'completed', 60_000)
      }
      const asked = upstream.requests().map(({ body }) => JSON.stringify(body))
      for (const { turnId } of lost) {
        expect(
          asked.filter((request) => request.includes(`lost ${turnId}`)),
          turnId,
        ).to.have.length(1)
      }
      const answers = await db.query<{ turns: number; messages: number }>(
        `select count(distinct turn_id)::int as turns, count(*)::int as messages from messages
         where turn_id = any($1::uuid[]) and role = 'assistant'`,
        [lost.map(({ turnId }) => turnId)],
      )
      expect(answers).to.deep.equal([{ turns: lost.length, messages: lost.length }])
    })

    it('takes turns while Temporal is away, and its processes end in order all the same', async () => {
      const chat = await newChat()
      await cluster.loseTemporal()
      const taken = await via('api-2').post(`/chats/${chat}/turns`, { content: 'Later.' })
      expect(taken.body['turn'].status).to.equal('queued')
      // This request waits for Temporal, with calls that are tried again, while its API is told to end.
      const waiting = via('api-1')
        .post(`/chats/${chat}/turns`, { content: 'Later still.' })
        .then(
          ({ status }) => status,
          () => 'cut off',
        )
      await eventually('the row is committed', async () => {
        const rows = await db.query(`select id from messages where chat_id = $1 and content = 'Later still.'`, [chat])
        return rows.length > 0
      })
      expect(await Promise.all(['api-1', 'worker-llm-2'].map((name) => cluster.end(name)))).to.deep.equal([0, 0])
      // Answered as a rule; where the end came first, the client asks again with its key, and the row is there.
      expect(await waiting).to.be.oneOf([202, 'cut off'])
    })
  })
}
