// Decisions that reach a run’s workflow before it knows that its approval is open. Temporal is stood in for, because the
// moment can’t be met at will; rows, rules and tokens are real.
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { expect } from 'chai'
import { decideApproval } from '../../../api/tools/decide-approval.ts'
import { settleApproval } from '../../../db/tools/approval-changes.ts'
import type { Context } from '../../../platform/platform.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type ApprovalWorld, type Somebody, openApprovalWorld } from '../../support/approval-world.ts'

describe('a decision that comes early', function () {
  this.timeout(60_000)
  let world: ApprovalWorld
  let requester: Somebody
  let approver: Somebody
  let names = 0
  before(async () => {
    world = await openApprovalWorld()
    requester = await world.person('user')
    approver = await world.person('approver')
  })
  after(() => world?.stop())

  async function pending(): Promise<string> {
    names += 1
    const executionId = await world.call(await world.tool({ name: `early_${names}` }), requester)
    await world.plan(executionId)
    return (await world.approval(executionId)).approval.id
  }

  /** What the workflow's validator says while it has no open approval. */
  const refusal = (): Error =>
    new WorkflowUpdateFailedError(
      'refused',
      ApplicationFailure.nonRetryable('It isn’t pending, or that is no token.', 'approval.already_decided'),
    )

  function contextWith(executeUpdate: (token: string) => Promise<void>): Context {
    const handle = {
      executeUpdate: (_: string, { args }: { args: readonly { token: string }[] }) =>
        executeUpdate(args[0]?.token ?? ''),
    }
    const temporal = {
      workflow: { getHandle: () => handle },
      withDeadline: (_: number, work: () => Promise<unknown>) => work(),
    }
    // All that the use case takes of it.
    return { ...world.platform, temporal, actor: approver, requestId: 'early' } as unknown as Context
  }

  it('is sent again, with the same token, until the workflow takes it', async () => {
    const approvalId = await pending()
    const tokens: string[] = []
    const context = contextWith(async (token) => {
      tokens.push(token)
      if (tokens.length < 3) throw refusal()
    })
    await decideApproval(context, approvalId, { decision: 'approve' })
    expect(tokens).to.have.length(3)
    expect(new Set(tokens).size).to.equal(1)
  })

  it('is refused once the rows say that it is decided', async () => {
    const approvalId = await pending()
    let sent = 0
    const context = contextWith(async () => {
      sent += 1
      await world.platform.db.transaction((tx) => settleApproval(tx, approvalId, 'denied'))
      throw refusal()
    })
    expect(await appErrorOf(decideApproval(context, approvalId, { decision: 'approve' }))).to.include({
      code: 'approval.already_decided',
      detail: 'It is denied.',
    })
    expect(sent).to.equal(1)
  })
})
