// The stream of notifications as a client sees it that leaves, comes back at another API, and misses nothing.
import { expect } from 'chai'
import { eventually } from '../../support/eventually.ts'
import {
  type Account,
  type FollowedNotifications,
  type NotificationApis,
  followNotifications,
  startNotificationApis,
} from '../../support/notification-apis.ts'
import { startRedisOrSkip, type TestRedis } from '../../support/redis.ts'

const titlesOf = ({ seen }: FollowedNotifications): string[] => seen.map(({ title }) => title)
const numbersFrom = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

const untilSeen = (stream: FollowedNotifications, count: number): Promise<unknown> =>
  eventually(`${count} notifications`, () => stream.seen.length >= count)

function expectRising({ seen }: FollowedNotifications): void {
  const numbers = seen.map(({ id }) => Number(id.split('-')[1]))
  expect(numbers).to.deep.equal([...new Set(numbers)].toSorted((a, b) => a - b))
}

describe('the stream of notifications', function () {
  this.timeout(60_000)
  let apis: NotificationApis
  let account: Account
  const notify = async (...titles: string[]): Promise<void> => {
    for (const title of titles) await apis.notify(0, [account.userId], title)
  }

  before(async () => {
    apis = await startNotificationApis({ count: 2 })
  })
  beforeEach(async () => {
    account = await apis.account()
  })
  after(() => apis.stop())

  it('starts with what is unread, oldest first, and goes on with what comes, to its owner alone', async () => {
    await notify('a', 'b', 'c')
    const [newest] = (await account.get('/notifications')).body['data'] as { id: string }[]
    await account.request('PATCH', `/notifications/${newest?.id}`, { body: { read: true } })
    const other = await followNotifications(await apis.account())
    const stream = await followNotifications(account)
    expect(stream.status).to.equal(200)
    await untilSeen(stream, 2)
    await notify('d', 'e')
    await untilSeen(stream, 4)
    expect(titlesOf(stream)).to.deep.equal(['a', 'b', 'd', 'e'])
    expect(stream.seen.map(({ id }) => id)).to.deep.equal(['1-1', '1-2', '1-4', '1-5'])
    await eventually('a heartbeat', () => other.comments.some((comment) => comment.includes('heartbeat')))
    expect(other.seen).to.deep.equal([])
    stream.close()
    other.close()
  })

  it('starts with the newest hundred of more', async () => {
    await notify(...numbersFrom(1, 103))
    const stream = await followNotifications(account)
    await untilSeen(stream, 100)
    await notify('last')
    await untilSeen(stream, 101)
    expect(titlesOf(stream)).to.deep.equal([...numbersFrom(4, 103), 'last'])
    stream.close()
  })

  it('replays what was missed, once each and in order, whether it was read meanwhile or not', async () => {
    await notify('1', '2')
    const first = await followNotifications(account)
    await untilSeen(first, 2)
    first.close()
    await first.ended
    await notify(...numbersFrom(3, 240))
    await account.post('/notifications/read-all')
    const lastEventId = first.seen.at(-1)?.id
    const second = await followNotifications(apis.at(1, account), lastEventId)
    await untilSeen(second, 238)
    await apis.notify(1, [account.userId], '241')
    await untilSeen(second, 239)
    expect(titlesOf(second)).to.deep.equal(numbersFrom(3, 241))
    expectRising(second)
    second.close()
  })

  it('loses nothing to clients that leave all the time while it is written to', async () => {
    const wanted = numbersFrom(1, 60)
    const seen: string[] = []
    let lastEventId = '1-0'
    const reading = async (): Promise<void> => {
      while (seen.length < wanted.length) {
        const stream = await followNotifications(apis.at(seen.length % 2, account), lastEventId)
        await eventually('something', () => stream.seen.length > 0)
        stream.close()
        await stream.ended
        seen.push(...titlesOf(stream))
        lastEventId = stream.seen.at(-1)?.id ?? lastEventId
      }
    }
    await Promise.all([reading(), notify(...wanted)])
    expect(seen).to.deep.equal(wanted)
  })

  it('finds what no hint told of', async () => {
    const stream = await followNotifications(account)
    await notify('loud')
    await untilSeen(stream, 1)
    // By then it has read on, found nothing, and waits.
    const beats = stream.comments.length
    await eventually('heartbeats', () => stream.comments.length > beats + 2)
    await apis.notify(0, [account.userId], 'quiet', { quietly: true })
    await untilSeen(stream, 2)
    expect(titlesOf(stream)).to.deep.equal(['loud', 'quiet'])
    stream.close()
  })

  it('starts anew for an id of another history, and refuses what is no id', async () => {
    await notify('a')
    const anew = await followNotifications(account, '1-99')
    await untilSeen(anew, 1)
    anew.close()
    for (const id of ['x', '1', '2-1', '1-', '-1', '1-9999999999999999']) {
      const refused = await followNotifications(account, id)
      expect(refused.status, id).to.equal(400)
    }
  })

  it('ends, and tells nothing more, after signing out or the loss of the permission', async () => {
    const other = await apis.account()
    const streams = [await followNotifications(account), await followNotifications(other)]
    await notify('before')
    await untilSeen(streams[0] as FollowedNotifications, 1)
    expect((await account.post('/auth/logout')).status).to.equal(204)
    await apis.setRoles(0, other.userId, ['auditor'])
    await apis.notify(0, [account.userId, other.userId], 'after')
    await Promise.all(streams.map(({ ended }) => ended))
    expect(streams.map(titlesOf)).to.deep.equal([['before'], []])
  })

  it('ends with a session that ends in silence', async () => {
    const stream = await followNotifications(account)
    await account.post('/auth/logout')
    await stream.ended
    expect(stream.seen).to.deep.equal([])
  })

  it('ends with its API, and goes on at another', async () => {
    const there = apis.at(1, account)
    const stream = await followNotifications(there)
    await apis.notify(1, [account.userId], 'a')
    await untilSeen(stream, 1)
    await apis.close(1)
    await stream.ended
    await notify('b')
    const next = await followNotifications(account, stream.seen.at(-1)?.id)
    await untilSeen(next, 1)
    expect([titlesOf(stream), titlesOf(next)]).to.deep.equal([['a'], ['b']])
    next.close()
  })
})

describe('the streams of three APIs on one Redis', function () {
  this.timeout(60_000)
  let redis: TestRedis
  let apis: NotificationApis

  before(async function () {
    redis = await startRedisOrSkip(this)
    apis = await startNotificationApis({ count: 3, redisUrl: redis.url })
  })
  after(async () => {
    await apis?.stop()
    await redis?.stop()
  })

  it('see the same, whichever API it comes from, and go on without Redis', async () => {
    const account = await apis.account()
    const streams = await Promise.all([0, 1, 2].map((index) => followNotifications(apis.at(index, account))))
    const wanted = numbersFrom(1, 30)
    for (const title of wanted) await apis.notify(Number(title) % 3, [account.userId], title)
    await Promise.all(streams.map((stream) => untilSeen(stream, 30)))
    await redis.kill()
    await apis.notify(0, [account.userId], 'without')
    await Promise.all(streams.map((stream) => untilSeen(stream, 31)))
    for (const stream of streams) {
      expect(titlesOf(stream)).to.deep.equal([...wanted, 'without'])
      expectRising(stream)
      stream.close()
    }
  })
})
