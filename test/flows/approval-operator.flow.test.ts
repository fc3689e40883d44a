// Decisions through Temporal itself, as an operator makes them with its command line: what a token says is done, and nothing
// that isn't one, isn't anybody's, or has served.
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { createApprovalTokens } from '../../platform/approval-tokens.ts'
import { parseConfig } from '../../platform/config.ts'
import { loadPlatformKeys } from '../../platform/keys.ts'
import { createLogger } from '../../platform/logger.ts'
import { createSigningKeys } from '../../platform/signing-keys.ts'
import { newId } from '../../db/ids.ts'
import { testTemporalCli } from '../support/temporal-cli.ts'
import { type Person, type ToolsWorld, startToolsWorld } from '../support/tools-world.ts'
import jwt from 'jsonwebtoken'

const run = promisify(execFile)

describe('an operator’s decision through Temporal', function () {
  this.timeout(180_000)
  let world: ToolsWorld
  let approver: Person
  before(async () => {
    world = await startToolsWorld()
    approver = await world.person('approver')
  })
  after(() => world?.stop())

  /** Resolves to what it printed; rejects where it ended with another code than 0. */
  async function temporal(...args: string[]): Promise<string> {
    const { temporalAddress, apiUrl } = world.platform.run
    const codec = ['--codec-endpoint', `${apiUrl}/api/v1/codec`, '--codec-auth', `Bearer ${world.admin.token}`]
    const all = [...args, '--address', temporalAddress, ...codec]
    const { stdout } = await run(await testTemporalCli(), all, { timeout: 30_000 })
    return stdout
  }
  const update = (workflowId: string, token: unknown): Promise<string> =>
    temporal(
      'workflow',
      'update',
      'execute',
      '--workflow-id',
      workflowId,
      '--name',
      'decide',
      '--input',
      JSON.stringify({ token }),
    )
  const signal = (workflowId: string, token: unknown): Promise<string> =>
    temporal(
      'workflow',
      'signal',
      '--workflow-id',
      workflowId,
      '--name',
      'decideBySignal',
      '--input',
      JSON.stringify({ token }),
    )
  const isRefused = async (work: Promise<string>): Promise<void> => {
    const outcome = await work.then(
      () => 'taken',
      () => 'refused',
    )
    expect(outcome).to.equal('refused')
  }

  async function ask(text: string) {
    const tool = await world.makeTool()
    const { id } = await world.execute(world.requester, tool['id'] as string, { text })
    const approval = await world.approvalOf(approver, id as string)
    return {
      id: id as string,
      approvalId: approval['id'] as string,
      workflowId: approval['workflowId'] as string,
      approval,
    }
  }
  const tokenFor = async (approvalId: string, body: object): Promise<string> => {
    const answer = await approver.post(`/approvals/${approvalId}/token`, body)
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200)
    return answer.body['token']
  }
  const sent = (text: string): number => world.echo.requests.filter(({ body }) => body.includes(text)).length

  it('approves by an Update', async () => {
    const { id, approvalId, workflowId } = await ask('by update')
    await update(workflowId, await tokenFor(approvalId, { decision: 'approve' }))
    await world.execution(world.requester, id, 'succeeded')
    expect(sent('by update')).to.equal(1)
  })

  it('denies by a Signal', async () => {
    const { id, approvalId, workflowId } = await ask('by signal')
    await signal(workflowId, await tokenFor(approvalId, { decision: 'deny', reason: 'No.' }))
    expect((await world.execution(world.requester, id, 'denied'))['problem'].detail).to.include('No.')
    expect(sent('by signal')).to.equal(0)
  })

  it('[L2] is refused with a token that is forged, expired, of another approval, of no session, or used', async () => {
    const config = parseConfig({ CDSA_DATA_DIR: world.platform.dataDir })
    const keys = await loadPlatformKeys({ config, log: createLogger({ level: 'silent' }) })
    const signingKeys = createSigningKeys({ db: world.db, keys })
    const tokens = createApprovalTokens(signingKeys)
    const { id, approvalId, workflowId, approval } = await ask('never sent')
    const other = await ask('the other')
    const argumentsHash = approval['argumentsHash'] as string
    const statement = {
      approvalId,
      userId: approver.userId,
      sessionId: newId(),
      act: { act: 'approve', argumentsHash } as const,
    }
    const { kid, privateKey } = await signingKeys.current()
    const forger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const good = jwt.decode(await tokenFor(approvalId, { decision: 'approve' })) as Record<string, unknown>
    const signed = (claims: object, key = privateKey): string =>
      jwt.sign(claims, key, { algorithm: 'ES256', header: { alg: 'ES256', kid, typ: 'approval+jwt' } })
    const past = Math.floor(Date.now() / 1_000) - 600
    for (const token of [
      signed(good, forger),
      signed({ ...good, iat: past, exp: past + 300 }),
      signed({ ...good, sub: world.requester.userId }),
      await tokenFor(other.approvalId, { decision: 'approve' }),
      await tokens.mint(statement),
      approver.token,
      'approve',
      { $refused: 'x' },
    ]) {
      await isRefused(update(workflowId, token))
      await signal(workflowId, token)
    }
    expect((await approver.get(`/approvals/${approvalId}`)).body['approval']).to.deep.include({
      status: 'pending',
      decisions: [],
    })
    await world.requester.post(`/tool-executions/${id}/cancel`)
    await world.execution(world.requester, id, 'cancelled')
    expect(sent('never sent')).to.equal(0)
  })

  it('[L2] counts a token once', async () => {
    await world.admin.post('/approval-policies', { match: ['twice_*'], approverRoles: ['approver'], quorum: 2 })
    const tool = await world.makeTool({ name: 'twice_post' })
    const { id } = await world.execute(world.requester, tool['id'], { text: 'twice' })
    const { id: approvalId, workflowId } = await world.approvalOf(approver, id)
    const token = await tokenFor(approvalId, { decision: 'approve' })
    await update(workflowId, token)
    await isRefused(update(workflowId, token))
    await signal(workflowId, token)
    const { approval } = (await approver.get(`/approvals/${approvalId}`)).body
    expect(approval).to.include({ status: 'pending' })
    expect(approval.decisions).to.have.length(1)
    expect(sent('twice')).to.equal(0)
  })

  it('[L2] runs nothing for a workflow that was started by hand', async () => {
    const { id, approvalId } = await ask('by hand')
    const start = (workflowId: string, executionId: string): Promise<string> =>
      temporal(
        ...'workflow execute --type toolCall --task-queue cdsa-tools --workflow-id'.split(' '),
        workflowId,
        '--input',
        JSON.stringify({ executionId, timeoutMs: 5_000 }),
      )
    const madeUp = newId()
    await start(`tool-call/${madeUp}`, madeUp)
    await start('by-hand', id)
    await start('by-hand-too', newId())
    expect((await approver.get(`/approvals/${approvalId}`)).body['approval']).to.include({ status: 'pending' })
    expect((await world.requester.get(`/tool-executions/${id}`)).body['execution']).to.include({
      status: 'pending_approval',
    })
    expect(sent('by hand')).to.equal(0)
    await approver.post(`/approvals/${approvalId}/decide`, { decision: 'approve' })
    await world.execution(world.requester, id, 'succeeded')
    expect(sent('by hand')).to.equal(1)
  })
})
