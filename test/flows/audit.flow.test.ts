// The log of a whole platform, from the request that writes an event to a proof that somebody outside accepts: sealed by
// the workflow, taken away over REST, verified by the command and by a verifier of another hand.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type ApiClient, type Credentials, signIn, signUp } from '../support/api-client.ts'
import { eventually } from '../support/eventually.ts'
import { findAdministrator } from '../support/fuzz-world.ts'
import { type OutsideKey, checkConsistency, checkExport, checkInclusion } from '../support/outside-verifier.ts'
import { sharedPlatform } from '../support/shared-platform.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Outcome {
  readonly code: number
  readonly out: string
}

const verify = (...args: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const command = ['--import', 'tsx', 'bin/audit-verify.ts', ...args]
    execFile(process.execPath, command, { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout + stderr }),
    )
  })

describe('the audit log of a platform', function () {
  this.timeout(180_000)
  const directory = temporaryDirectory()
  let apiUrl: string
  let credentials: Credentials
  let administrator: ApiClient

  before(async () => {
    const platform = await sharedPlatform()
    apiUrl = platform.run.apiUrl
    credentials = await findAdministrator(platform)
    administrator = await signIn(apiUrl, credentials)
  })

  const latest = async (): Promise<string> => (await administrator.get('/audit/checkpoints/latest')).body['text']

  /** Asks for a seal, which is an event itself, and waits for the seal; the answer that proves the event. */
  async function seal(): Promise<Record<string, unknown>> {
    const asked = await administrator.post('/audit/seal')
    expect([asked.status, asked.body]).to.deep.equal([202, { workflowId: 'seal-audit/now' }])
    const { data } = (await administrator.get('/audit/events?limit=1&action=audit.seal')).body as {
      data: { id: string }[]
    }
    const eventId = data[0]?.id
    return eventually('the event is sealed', async () => {
      const { status, body } = await administrator.get(`/audit/proofs/inclusion?eventId=${eventId}`)
      if (status === 200) return body
      expect([status, body['code']]).to.deep.equal([409, 'audit.not_sealed'])
      return undefined
    })
  }

  it('is sealed when asked, proves an event, continues its past, and verifies offline', async () => {
    const keys = async () => (await administrator.get('/audit/keys')).body['keys'] as OutsideKey[]
    const first = await seal()
    checkInclusion(first, await keys())
    const kept = await latest()
    const oldSize = Number(kept.split('\n')[1])
    const second = await seal()
    checkInclusion(second, await keys())
    const size = Number(second['treeSize'])
    expect(size).to.be.greaterThan(oldSize)
    checkConsistency(
      (await administrator.get(`/audit/proofs/consistency?from=${oldSize}&to=${size}`)).body,
      await keys(),
    )

    const exported = (await administrator.get('/audit/export')).body['text'] as string
    const entries = checkExport(exported, await keys())
    expect(entries.map(({ leaf }) => leaf?.['id'])).to.include.members([first['eventId'], second['eventId']])

    const [file, old] = [join(directory(), 'log.ndjson'), join(directory(), 'kept.txt')]
    await writeFile(file, exported)
    await writeFile(old, kept)
    const [{ verifierKey = '' } = {}] = (await administrator.get('/audit/keys')).body['keys'] as {
      verifierKey?: string
    }[]
    const good = await verify(file, '--key', verifierKey, '--checkpoint', old)
    expect(good.out)
      .to.match(/^Verified: \d+ entries/)
      .and.to.include(`They continue ${old}, of ${oldSize} entries.`)
    expect(good.code).to.equal(0)

    const index = Number(second['leafIndex'])
    const line = exported.split('\n')[index] ?? ''
    await writeFile(file, exported.replace(line, line.replace('"audit.seal"', '"audit.read"')))
    const bad = await verify(file, '--key', verifierKey)
    expect(bad.out).to.equal(`Not verified. Entry ${index} has a leaf that doesn’t hash to its leafHash.\n`)
    expect(bad.code).to.equal(1)
  })

  it('is nobody’s who may not read it', async () => {
    const user = await signUp(apiUrl)
    for (const path of ['events', 'export', 'checkpoints', 'checkpoints/latest', 'keys'])
      expect((await user.get(`/audit/${path}`)).status, path).to.equal(403)
    expect((await user.post('/audit/seal')).status).to.equal(403)
  })
})
