// Notifications on a real database: one a recipient and cause, nobody else's, and gone when they are old.
import { expect } from 'chai'
import { setUserRoles } from '../../../db/auth/roles.ts'
import { updateUser } from '../../../db/auth/users.ts'
import { newId } from '../../../db/ids.ts'
import {
  countUnreadNotifications,
  createNotifications,
  listNotifications,
  markAllNotifications,
  markNotification,
  purgeNotifications,
} from '../../../db/notifications/notifications.ts'
import { seed } from '../../../db/seed.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { startTestDatabase, type TestDatabase } from '../../support/database.ts'
import { someNotification } from '../../support/notification-apis.ts'
import { rejection } from '../../support/rejection.ts'
import { makeUser, signInParts } from '../../support/sign-in-parts.ts'

describe('notifications', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let parts: ReturnType<typeof signInParts>

  before(async () => {
    database = await startTestDatabase()
    parts = signInParts(database.db)
    await seed(database.owner, { admin: {}, passwords: parts.passwords })
  })
  after(() => database.stop())

  const raise = (title: string, ...userIds: string[]): Promise<string[]> =>
    database.db.transaction((tx) => createNotifications(tx, { ...someNotification(title), userIds }))
  const titlesOf = async (userId: string, unread?: boolean): Promise<string[]> =>
    (await listNotifications(database.db, userId, { limit: 100, unread })).data.map(({ title }) => title)
  const newUser = async (...roles: string[]): Promise<string> =>
    (await makeUser(parts, roles.length === 0 ? {} : { roles })).id

  it('are made once for each recipient and cause', async () => {
    const [one, two] = [await newUser(), await newUser()]
    expect(await raise('a', one, two, one)).to.have.members([one, two])
    expect(await raise('a', one, two)).to.deep.equal([])
    const late = await newUser()
    expect(await raise('a', one, two, late)).to.deep.equal([late])
    expect(await raise('b', newId())).to.deep.equal([])
    for (const userId of [one, two, late]) expect(await titlesOf(userId)).to.deep.equal(['a'])
  })

  it('are made once by two transactions at once', async () => {
    const userId = await newUser()
    const made = await Promise.all(Array.from({ length: 8 }, () => raise('same', userId)))
    expect(made.flat()).to.deep.equal([userId])
    expect(await titlesOf(userId)).to.deep.equal(['same'])
  })

  it('go to every active account whose roles grant a permission', async () => {
    const operators = [await newUser('operator'), await newUser('user', 'operator')]
    const disabled = await newUser('operator')
    await updateUser(database.db, { userId: disabled, patch: { disabled: true } })
    const former = await newUser('operator')
    await setUserRoles(database.db, { userId: former, roles: ['user'] })
    const notified = await database.db.transaction((tx) =>
      createNotifications(tx, { ...someNotification('rotated'), kind: 'secret.rotated', permission: 'secret:write' }),
    )
    expect(notified).to.include.members(operators)
    for (const userId of [disabled, former]) expect(await titlesOf(userId)).to.deep.equal([])
  })

  it('aren’t there when their cause was rolled back', async () => {
    const userId = await newUser()
    const failure = database.db.transaction(async (tx) => {
      await createNotifications(tx, { ...someNotification('undone'), userIds: [userId] })
      throw new Error('undo')
    })
    expect((await rejection(failure)).message).to.equal('undo')
    expect(await titlesOf(userId)).to.deep.equal([])
    expect(await raise('undone', userId)).to.deep.equal([userId])
  })

  it('are listed newest first, counted, and marked one by one or all', async () => {
    const { db } = database
    const userId = await newUser()
    for (const title of ['a', 'b', 'c', 'd', 'e']) await raise(title, userId)
    const first = await listNotifications(db, userId, { limit: 2 })
    expect(first.data.map(({ title }) => title)).to.deep.equal(['e', 'd'])
    await raise('f', userId)
    const second = await listNotifications(db, userId, { limit: 2, after: Number(first.nextCursor) })
    expect(second.data.map(({ title }) => title)).to.deep.equal(['c', 'b'])
    const last = await listNotifications(db, userId, { limit: 2, after: Number(second.nextCursor) })
    expect([last.data.length, last.hasMore, last.nextCursor]).to.deep.equal([1, false, null])
    const access = { userId, notificationId: second.data[0]?.id ?? '' }
    const read = await markNotification(db, { ...access, read: true })
    expect([read.changed, read.notification.read]).to.deep.equal([true, true])
    expect(await markNotification(db, { ...access, read: true })).to.deep.equal({ ...read, changed: false })
    expect(await titlesOf(userId, true)).to.deep.equal(['f', 'e', 'd', 'b', 'a'])
    expect(await titlesOf(userId, false)).to.deep.equal(['c'])
    expect(await countUnreadNotifications(db, userId)).to.equal(5)
    expect((await markNotification(db, { ...access, read: false })).notification.read).to.equal(false)
    expect(await markAllNotifications(db, userId)).to.equal(6)
    expect(await markAllNotifications(db, userId)).to.equal(0)
    expect(await countUnreadNotifications(db, userId)).to.equal(0)
  })

  it('aren’t there for anybody else', async () => {
    const { db } = database
    const [userId, stranger] = [await newUser(), await newUser()]
    await raise('mine', userId)
    const notificationId = (await listNotifications(db, userId, { limit: 1 })).data[0]?.id ?? ''
    for (const read of [true, false]) {
      const attempt = markNotification(db, { userId: stranger, notificationId, read })
      expect((await appErrorOf(attempt)).code).to.equal('resource.not_found')
    }
    expect(await markAllNotifications(db, stranger)).to.equal(0)
    expect(await titlesOf(stranger)).to.deep.equal([])
    expect(await countUnreadNotifications(db, userId)).to.equal(1)
  })

  it('go when they were read long ago, or not at all for a year', async () => {
    const { db } = database
    const userId = await newUser()
    const ages = { fresh: 1, 'read lately': 200, 'read long ago': 200, unread: 200, forgotten: 400 }
    for (const [title, days] of Object.entries(ages)) {
      await raise(title, userId)
      const readDays = title === 'read lately' ? 89 : title === 'read long ago' ? 91 : null
      await db.execute(
        `update notifications set created_at = now() - make_interval(days => $3),
           read_at = now() - make_interval(days => $4) where user_id = $1 and title = $2`,
        [userId, title, days, readDays],
      )
    }
    expect(await purgeNotifications(db)).to.equal(2)
    expect(await purgeNotifications(db)).to.equal(0)
    expect(await titlesOf(userId)).to.deep.equal(['unread', 'read lately', 'fresh'])
  })
})
