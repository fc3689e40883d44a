// The mail with a link that sets a password: what it says, that it goes out once, and what becomes of a link whose mail doesn't.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { createMailPasswordLink } from '../../../activities/auth/mail-password-link.ts'
import { newLink } from '../../../api/auth/new-link.ts'
import {
  createInviteLink,
  createResetLink,
  findUnsentLink,
  findLinkedUser,
  listUnsentLinks,
} from '../../../db/auth/password-links.ts'
import { seed } from '../../../db/seed.ts'
import { AppError, type ErrorCode } from '../../../domain/errors.ts'
import { hashOfLinkToken } from '../../../platform/auth/password-links.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { mailsTo, tokenIn } from '../../support/outbox.ts'
import { mailInto } from '../../support/password-mails.ts'
import { type SignInParts, makeUser, signInParts } from '../../support/sign-in-parts.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('the mail with a link that sets a password', () => {
  const directory = temporaryDirectory()
  let database: TestDatabase
  let parts: SignInParts
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    await seed(database.owner, { admin: {}, passwords: signInParts(database.db).passwords })
    parts = signInParts(database.db)
  })
  after(() => database?.stop())

  async function makeReset() {
    const { email, id: userId } = await makeUser(parts)
    const link = newLink(parts.keys)
    await createResetLink(database.db, { ...link, email, allowed: true })
    return { email, userId, link }
  }

  it('tells the call where no address of the console is known, in lines that a file shows as they are', async () => {
    const { email, userId, link } = await makeReset()
    await mailInto(parts, { CDSA_DATA_DIR: directory() })({ linkId: link.id })
    const [mail = ''] = await mailsTo(directory(), email)
    expect(mail).to.include('POST /api/v1/auth/password/reset').and.include('for an hour')
    expect(mail).to.not.include('://')
    expect(mail).to.match(/^[\x20-\x7e\r\n]*$/)
    for (const line of mail.split('\r\n')) expect(line.length, line).to.be.at.most(78)
    const token = tokenIn(mail)
    expect(mail, 'not encoded').to.include(`{"token": "${token}",`)
    expect(await findLinkedUser(database.db, hashOfLinkToken(token))).to.equal(userId)
  })

  it('leads to the configured address alone, with the token where browsers send it to nobody', async () => {
    const { email, id: userId } = await makeUser(parts)
    const link = newLink(parts.keys)
    await createInviteLink(database.db, { ...link, userId })
    const environment = { CDSA_DATA_DIR: directory(), CDSA_PUBLIC_URL: 'https://cdsa.example.org' }
    await mailInto(parts, environment)({ linkId: link.id })
    const [mail = ''] = await mailsTo(directory(), email)
    const text = mail.replaceAll('=\r\n', '').replaceAll('=3D', '=')
    expect(text).to.include(`https://cdsa.example.org/reset-password#token=${tokenIn(mail)}`)
    expect(text).to.include('for 72 hours').and.include('administrator')
    expect(await findLinkedUser(database.db, hashOfLinkToken(tokenIn(mail)))).to.equal(userId)
  })

  it('goes out once', async () => {
    const { link } = await makeReset()
    const send = mailInto(parts, { CDSA_DATA_DIR: directory() })
    await send({ linkId: link.id })
    const [name = ''] = await readdir(join(directory(), 'outbox'))
    expect(await findUnsentLink(database.db, link.id)).to.equal(undefined)
    const elsewhere = join(directory(), 'elsewhere')
    await mailInto(parts, { CDSA_DATA_DIR: elsewhere })({ linkId: link.id })
    expect(await mailsTo(elsewhere, 'x')).to.deep.equal([])
    // As if the process had died between the mail and the note of it.
    await database.owner.execute('update password_links set mailed_at = null where id = $1', [link.id])
    await send({ linkId: link.id })
    expect(await readdir(join(directory(), 'outbox')), 'the same message').to.deep.equal([name])
  })

  it('leaves a link open that waits for the server, and makes one void that can’t be sent', async () => {
    const failing = (code: ErrorCode) =>
      createMailPasswordLink(parts, {
        send: () => Promise.reject(new AppError(code)),
      })
    const { link } = await makeReset()
    const tokenHash = link.tokenHash
    const away = await appErrorOf(failing('mail.unavailable')({ linkId: link.id }))
    expect([away.code, away.retryable]).to.deep.equal(['mail.unavailable', true])
    expect(await findLinkedUser(database.db, tokenHash)).to.not.equal(undefined)
    const refused = await appErrorOf(failing('mail.rejected')({ linkId: link.id }))
    expect([refused.code, refused.retryable]).to.deep.equal(['mail.rejected', false])
    expect(await findLinkedUser(database.db, tokenHash)).to.equal(undefined)
    await database.owner.execute(`update password_links set created_at = created_at - interval '1 minute'`)
    expect((await listUnsentLinks(database.db, 5)).map(({ linkId }) => linkId)).to.not.include(link.id)
  })

  it('isn’t sent for what isn’t there', async () => {
    await mailInto(parts, { CDSA_DATA_DIR: directory() })({ linkId: newLink(parts.keys).id })
    expect(await readdir(directory())).to.deep.equal([])
  })
})
