// The routes of notifications over HTTP: one's own list and marks, and nothing of anybody else's.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { type Account, type NotificationApis, startNotificationApis } from '../../support/notification-apis.ts'

describe('routes of notifications', function () {
  this.timeout(60_000)
  let apis: NotificationApis

  before(async () => {
    apis = await startNotificationApis()
  })
  after(() => apis.stop())

  const titlesOf = async (client: Account, query = ''): Promise<string[]> =>
    ((await client.get(`/notifications${query}`)).body['data'] as { title: string }[]).map(({ title }) => title)

  async function accountWith(...titles: string[]): Promise<Account> {
    const account = await apis.account()
    for (const title of titles) await apis.notify(0, [account.userId], title)
    return account
  }

  it('list them newest first, in pages, with the count of all that are unread', async () => {
    const client = await accountWith('a', 'b', 'c')
    const first = await client.get('/notifications?limit=2')
    expect(first.status).to.equal(200)
    expect(first.body).to.include({ hasMore: true, unreadCount: 3 })
    const { id, createdAt, ...rest } = first.body['data'][0]
    expect(rest).to.deep.equal({
      kind: 'document.indexed',
      title: 'c',
      body: 'Body.',
      data: { documentId: 'c' },
      read: false,
    })
    expect([id.length, Number.isNaN(Date.parse(createdAt))]).to.deep.equal([36, false])
    const second = await client.get(`/notifications?limit=2&after=${first.body['nextCursor']}`)
    expect(second.body['data'].map(({ title }: { title: string }) => title)).to.deep.equal(['a'])
    expect(second.body).to.include({ hasMore: false, nextCursor: null, unreadCount: 3 })
  })

  it('mark one as read and unread again, and then all', async () => {
    const client = await accountWith('a', 'b', 'c')
    const [, second] = (await client.get('/notifications')).body['data'] as { id: string }[]
    const mark = (read: boolean) => client.request('PATCH', `/notifications/${second?.id}`, { body: { read } })
    for (const repeated of [await mark(true), await mark(true)]) {
      expect(repeated.status).to.equal(200)
      expect(repeated.body['notification']).to.include({ id: second?.id, title: 'b', read: true })
    }
    expect(await titlesOf(client, '?unread=true')).to.deep.equal(['c', 'a'])
    expect(await titlesOf(client, '?unread=false')).to.deep.equal(['b'])
    expect((await client.get('/notifications/unread-count')).body).to.deep.equal({ unreadCount: 2 })
    expect((await mark(false)).body['notification'].read).to.equal(false)
    expect((await client.post('/notifications/read-all')).body).to.deep.equal({ markedCount: 3 })
    expect((await client.post('/notifications/read-all')).body).to.deep.equal({ markedCount: 0 })
    expect((await client.get('/notifications?limit=1')).body['unreadCount']).to.equal(0)
  })

  it('have nothing of anybody else’s', async () => {
    const owner = await accountWith('mine')
    const stranger = await accountWith('theirs')
    const notificationId = (await owner.get('/notifications')).body['data'][0].id
    for (const id of [notificationId, randomUUID()]) {
      const answer = await stranger.request('PATCH', `/notifications/${id}`, { body: { read: true } })
      expect(answer.status).to.equal(404)
      expect(answer.body['code']).to.equal('resource.not_found')
    }
    expect((await stranger.post('/notifications/read-all')).body).to.deep.equal({ markedCount: 1 })
    expect(await titlesOf(stranger)).to.deep.equal(['theirs'])
    expect((await owner.get('/notifications/unread-count')).body).to.deep.equal({ unreadCount: 1 })
  })

  it('say what is wrong with a request', async () => {
    const client = await accountWith('a')
    for (const path of ['?unread=yes', '?unread=', '?after=x', '?limit=0', '?nonsense=1', '/stream?limit=1']) {
      const answer = await client.get(`/notifications${path}`)
      expect([answer.status, answer.body['code']], path).to.deep.equal([400, 'request.malformed'])
    }
    const { id } = (await client.get('/notifications')).body['data'][0]
    for (const body of [{}, { read: 'yes' }, { read: null }, { read: true, title: 'x' }]) {
      expect((await client.request('PATCH', `/notifications/${id}`, { body })).status).to.equal(422)
    }
    expect((await client.request('PATCH', '/notifications/none', { body: { read: true } })).status).to.equal(400)
  })

  it('need the permission', async () => {
    const auditor = await apis.account('auditor')
    const answers = await Promise.all([
      auditor.get('/notifications'),
      auditor.get('/notifications/unread-count'),
      auditor.get('/notifications/stream'),
      auditor.post('/notifications/read-all'),
      auditor.request('PATCH', `/notifications/${randomUUID()}`, { body: { read: true } }),
    ])
    expect(answers.map(({ status }) => status)).to.deep.equal([403, 403, 403, 403, 403])
  })
})
