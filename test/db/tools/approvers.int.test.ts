// Whom a request concerns: who is told of it and may read it. It follows roles, the permission to decide, and who stands in.
import { expect } from 'chai'
import { getApproval } from '../../../db/tools/approvals.ts'
import { findEligibleApprovers } from '../../../db/tools/approvers.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type ApprovalWorld, type Somebody, openApprovalWorld } from '../../support/approval-world.ts'

describe('whom an approval concerns', function () {
  this.timeout(60_000)
  let world: ApprovalWorld
  before(async () => {
    world = await openApprovalWorld()
    await world.role('named', 'tool:read')
  })
  after(() => world?.stop())

  async function asked(name: string) {
    const requester = await world.person('user', 'approver')
    await world.policy({ match: [name], approverRoles: ['approver', 'named'] }, requester)
    const executionId = await world.call(await world.tool({ name }), requester)
    await world.plan(executionId)
    return { requester, executionId, stored: await world.approval(executionId) }
  }
  const told = async (executionId: string): Promise<string[]> =>
    findEligibleApprovers(world.platform.db, (await world.approval(executionId)).rules)
  const read = (approvalId: string, { userId }: Somebody) => getApproval(world.platform.db, { approvalId, userId })

  it('tells those who may decide, and whoever stands in for one of them instead', async () => {
    const [giver, stander, stays] = [
      await world.person('approver'),
      await world.person('admin'),
      await world.person('approver'),
    ]
    const { requester, executionId, stored } = await asked('told')
    const before = await told(executionId)
    expect(before).to.include.members([giver.userId, stays.userId]).and.not.include(requester.userId)
    expect(before).not.to.include(stander.userId)
    await world.say(giver, stored.approval.id, { act: 'delegate', to: stander.userId })
    const after = await told(executionId)
    expect(after).to.include.members([stander.userId, stays.userId]).and.not.include(giver.userId)
  })

  it('shows it to whoever asked and to those who may decide, not for a role alone', async () => {
    const { requester, stored } = await asked('read')
    const { id } = stored.approval
    const [approver, named] = [await world.person('approver'), await world.person('named')]
    for (const person of [requester, approver]) expect((await read(id, person)).approval.id).to.equal(id)
    for (const person of [named, await world.person('user')]) {
      expect(await appErrorOf(read(id, person))).to.include({ code: 'resource.not_found' })
    }
  })
})
