// The order of a feed under transactions that overlap: whoever resumes by the last number misses nothing and sees nothing
// twice. On the embedded database transactions take turns, so that there these tests show less.
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { newId } from '../../../db/ids.ts'
import { findLastSequence, listNotificationsAfter } from '../../../db/notifications/notification-feed.ts'
import { createNotifications } from '../../../db/notifications/notifications.ts'
import { onServices } from '../../support/chaos-platform.ts'
import { startTestDatabase, type TestDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { someNotification } from '../../support/notification-apis.ts'

describe('a feed of notifications', function () {
  this.timeout(60_000)
  let database: TestDatabase

  before(async () => {
    database = await startTestDatabase()
  })
  after(() => database.stop())

  async function makeUser(): Promise<string> {
    const id = newId()
    const user = { id, email: `${id}@example.org`, displayName: 'U', passwordHash: 'x', pepperId: '1' }
    await database.db.models.User.create(user)
    return id
  }

  /** Reads on from what it has seen, as a stream does, without a pause, so that it is there while others commit. */
  async function follow(userId: string, count: number): Promise<string[]> {
    const titles: string[] = []
    let after = 0
    const readOn = async (): Promise<number> => {
      const entries = await listNotificationsAfter(database.db, userId, { after, limit: 100 })
      after = entries.at(-1)?.sequence ?? after
      return titles.push(...entries.map(({ notification }) => notification.title))
    }
    const deadline = Date.now() + 30_000
    while ((await readOn()) < count)
      if (Date.now() > deadline) throw new Error(`There are ${titles.length} of ${count}.`)
    await readOn()
    return titles
  }

  it('holds a transaction back while an earlier one is open, so that no lower number appears later', async () => {
    const userId = await makeUser()
    const pools = [database.open(), database.open()]
    const committed: string[] = []
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    let opened = (): void => {}
    const isOpen = new Promise<void>((resolve) => (opened = resolve))
    const raise = async (index: number, title: string, beforeCommit: () => Promise<void>): Promise<void> => {
      await pools[index]?.transaction(async (tx) => {
        await createNotifications(tx, { ...someNotification(title), userIds: [userId] })
        await beforeCommit()
      })
      committed.push(title)
    }
    const first = raise(0, 'first', async () => {
      opened()
      await gate
    })
    await isOpen
    const second = raise(1, 'second', async () => undefined)
    try {
      if (onServices) {
        await eventually('the second waits for the first', async () => {
          const waiting = await database.owner.query('select 1 as found from pg_locks where not granted')
          return waiting.length > 0
        })
        // Neither is there yet: a reader that has seen nothing has missed nothing.
        expect(await listNotificationsAfter(database.db, userId, { after: 0, limit: 3 })).to.deep.equal([])
        expect(await findLastSequence(database.db, userId)).to.equal(0)
      }
    } finally {
      release()
    }
    await Promise.all([first, second])
    expect(committed).to.deep.equal(['first', 'second'])
    expect(await follow(userId, 2)).to.deep.equal(['first', 'second'])
  })

  it('shows each once, in order, to a reader that runs along with many writers, some of whom fail', async () => {
    const userId = await makeUser()
    const writers = 5
    const each = 20
    const pools = Array.from({ length: writers }, () => database.open())
    const write = async (writer: number): Promise<void> => {
      for (let turn = 0; turn < each; turn += 1) {
        const work = pools[writer]?.transaction(async (tx) => {
          await createNotifications(tx, { ...someNotification(`${writer}-${turn}`), userIds: [userId] })
          await setTimeout(Math.random() * 3)
          if (turn % 5 === 0) throw new Error('undo')
        })
        await work?.catch(() => undefined)
      }
    }
    const wanted = writers * each * 0.8
    const [titles] = await Promise.all([
      follow(userId, wanted),
      ...Array.from({ length: writers }, (_, writer) => write(writer)),
    ])
    expect(new Set(titles).size).to.equal(wanted)
    expect(titles).to.have.length(wanted)
    for (let writer = 0; writer < writers; writer += 1) {
      const own = titles.map((title) => title.split('-').map(Number)).filter(([name]) => name === writer)
      expect(own.map(([, turn]) => turn)).to.deep.equal(own.map(([, turn = 0]) => turn).toSorted((a, b) => a - b))
    }
  })

  it('numbers each recipient by itself', async () => {
    const [one, two] = [await makeUser(), await makeUser()]
    const raise = (title: string, ...userIds: string[]) =>
      database.db.transaction((tx) => createNotifications(tx, { ...someNotification(title), userIds }))
    await raise('both', one, two)
    await raise('one', one)
    await raise('both again', two, one)
    const feedOf = async (userId: string) =>
      (await listNotificationsAfter(database.db, userId, { after: 0, limit: 9 })).map(
        ({ sequence, notification }) => `${sequence} ${notification.title}`,
      )
    expect(await feedOf(one)).to.deep.equal(['1 both', '2 one', '3 both again'])
    expect(await feedOf(two)).to.deep.equal(['1 both', '2 both again'])
  })

  it('doesn’t deadlock when many notify the same people in any order', async () => {
    const users = await Promise.all(Array.from({ length: 6 }, makeUser))
    const pools = Array.from({ length: 4 }, () => database.open())
    await Promise.all(
      pools.map(async (pool, writer) => {
        for (let turn = 0; turn < 10; turn += 1) {
          const userIds = users.toSorted(() => Math.random() - 0.5)
          const content = someNotification(`${writer}-${turn}`)
          await pool.transaction((tx) => createNotifications(tx, { ...content, userIds }))
        }
      }),
    )
    for (const userId of users) expect(await findLastSequence(database.db, userId)).to.equal(40)
  })
})
