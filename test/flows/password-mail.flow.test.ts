// A forgotten password on a running platform: the worker mails the link into the outbox, and the token of that file sets
// another. Also when the request's own start of the workflow was lost, as after a crash.
import { expect } from 'chai'
import { openDatabase } from '../../db/database.ts'
import { createResetLink } from '../../db/auth/password-links.ts'
import { newLink } from '../../api/auth/new-link.ts'
import { parseConfig } from '../../platform/config.ts'
import { loadPlatformKeys } from '../../platform/keys.ts'
import { createLogger } from '../../platform/logger.ts'
import { createApiClient, signUp } from '../support/api-client.ts'
import { eventually } from '../support/eventually.ts'
import { mailsTo, tokenIn } from '../support/outbox.ts'
import { applicationDatabaseUrl } from '../support/platform-database.ts'
import type { PlatformProcess } from '../support/platform-process.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

describe('a forgotten password', function () {
  this.timeout(180_000)
  let platform: PlatformProcess
  before(async () => {
    platform = await sharedPlatform()
  })

  const mailTo = (email: string): Promise<string> =>
    eventually('the mail is in the outbox', async () => (await mailsTo(platform.dataDir, email))[0], 60_000)

  it('is set anew by the token of the mail, and the session before ends', async () => {
    const { apiUrl } = platform.run
    const anonymous = createApiClient(apiUrl)
    const client = await signUp(apiUrl)
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    const asked = await anonymous.post('/auth/password/forgot', { email: client.email }, headers)
    expect(asked.status).to.equal(202)
    const mail = await mailTo(client.email)
    expect(mail).to.not.include('evil.example').and.not.include(client.password)
    const body = { token: tokenIn(mail), newPassword: 'another horse staple' }
    expect((await anonymous.post('/auth/password/reset', body)).status).to.equal(204)
    expect((await client.get('/auth/me')).status).to.equal(401)
    const login = await anonymous.post('/auth/login', { email: client.email, password: body.newPassword })
    expect(login.status).to.equal(200)
    expect((await anonymous.post('/auth/password/reset', body)).status, 'again').to.equal(422)
    expect(await mailsTo(platform.dataDir, client.email)).to.have.length(1)
    expect(platform.output()).to.not.include(body.token)
  })

  it('is mailed about by the sweep where nothing was started after the commit', async () => {
    const { email } = await signUp(platform.run.apiUrl)
    const config = parseConfig({ CDSA_DATA_DIR: platform.dataDir })
    const keys = await loadPlatformKeys({ config, log: createLogger({ level: 'silent' }) })
    const link = newLink(keys)
    const db = openDatabase({ url: applicationDatabaseUrl(process.env, platform.dataDir), poolSize: 1 })
    try {
      expect((await createResetLink(db, { ...link, email, allowed: true })).made).to.equal(true)
      const body = { token: tokenIn(await mailTo(email)), newPassword: 'another horse staple' }
      expect((await createApiClient(platform.run.apiUrl).post('/auth/password/reset', body)).status).to.equal(204)
    } finally {
      await db.close()
    }
  })
})
