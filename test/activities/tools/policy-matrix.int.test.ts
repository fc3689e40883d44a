// Approvals under rules, people and sequences of events that are made up at random, beside a model of the rules: after each
// step both say the same, and a tool has run if, and only if, the model says so. The seed is printed where they differ.
import { expect } from 'chai'
import fc from 'fast-check'
import { ApprovalModel, type ModelRules, requester } from '../../support/approval-model.ts'
import { type Real, approve, dispatch, seen, stepsOf } from '../../support/approval-steps.ts'
import { type ApprovalWorld, type Somebody, openApprovalWorld } from '../../support/approval-world.ts'

const runs = 80
const mostSteps = 15
const crowd = 8
/** The last has no permission to decide. */
const roles = ['matrix_one', 'matrix_two', 'matrix_three', 'matrix_idle'] as const
const deciding = roles.slice(0, 3)

/** Between two times lies more than any run takes. */
const rules: fc.Arbitrary<ModelRules> = fc
  .record({
    approverRoles: fc.subarray(['matrix_one', 'matrix_two', 'matrix_idle'], { minLength: 1 }),
    quorum: fc.integer({ min: 1, max: 3 }),
    timeoutSeconds: fc.constantFrom(90, 180, 600),
    escalation: fc.subarray([
      { afterSeconds: 60, roles: ['matrix_two'] },
      { afterSeconds: 150, roles: ['matrix_three'] },
    ]),
    allowEdit: fc.boolean(),
  })
  .map(({ escalation, ...given }) => ({
    ...given,
    escalation: escalation.filter(({ afterSeconds }) => afterSeconds < given.timeoutSeconds),
  }))
const roleSets = fc.array(fc.subarray([...roles], { minLength: 1 }), { minLength: crowd, maxLength: crowd })

describe('approvals under rules and events that are made up', function () {
  this.timeout(300_000)
  let world: ApprovalWorld
  let people: Somebody[]
  const ran: string[] = []
  let made = 0

  before(async () => {
    world = await openApprovalWorld({
      run: async (_tool, _args, { executionId }) => {
        ran.push(executionId)
        return null
      },
    })
    for (const name of deciding) await world.role(name, 'approval:decide')
    await world.role('matrix_idle', 'tool:read')
    people = await Promise.all(Array.from({ length: crowd }, () => world.person('user')))
  })
  after(() => world?.stop())

  async function giveRoles(sets: readonly (readonly string[])[]): Promise<void> {
    const { owner } = world.database
    const ids = people.map(({ userId }) => userId)
    await owner.execute('update users set disabled_at = null where id = any($1::uuid[])', [ids])
    await owner.execute(
      `delete from user_roles where user_id = any($1::uuid[])
         and role_id in (select id from roles where name = any($2::text[]))`,
      [ids, roles],
    )
    const given = sets.flatMap((set, index) => set.map((role) => [people[index]?.userId, role]))
    await owner.execute(
      `insert into user_roles (user_id, role_id)
       select g.user_id, r.id from unnest($1::uuid[], $2::text[]) as g (user_id, role) join roles r on r.name = g.role`,
      [given.map(([userId]) => userId), given.map(([, role]) => role)],
    )
  }

  async function ask(given: ModelRules, sets: readonly (readonly string[])[]): Promise<Real> {
    await giveRoles(sets)
    made += 1
    const name = `matrix_${made}`
    const { approverRoles, escalation, ...rest } = given
    const first = people[requester]
    if (first === undefined) throw new Error('There is nobody.')
    const policy = await world.policy({ ...rest, match: [name], approverRoles, escalation }, first)
    const executionId = await world.call(await world.tool({ name }), first)
    await world.plan(executionId)
    const approvalId = (await world.approval(executionId)).approval.id
    const timesRan = () => ran.filter((id) => id === executionId).length
    return { world, people, policyId: policy.id, executionId, approvalId, used: [], timesRan }
  }

  it('[L2] agree with the rules at each step, and run what was approved, once', async () => {
    const { steps, disturbances } = stepsOf(crowd, mostSteps)
    const property = fc.asyncProperty(rules, roleSets, steps, disturbances, (given, sets, taken, between) =>
      fc.asyncModelRun(async () => {
        const people = sets.map((set) => ({ roles: set, isActive: true }))
        return { model: new ApprovalModel(people, given, deciding), real: await ask(given, sets) }
      }, [...taken, approve, ...between, dispatch]),
    )
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true })
    const reached = ['pending', 'approved', 'denied', 'dispatch succeeded', 'dispatch approval_void']
    expect([...seen], 'else nothing was tested').to.include.members(reached)
  })
})
