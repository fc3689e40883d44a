// What may happen to an approval, as steps that a test takes on the platform and on the model at once. Each is always
// possible: what the rules refuse must be refused, not left out.
import { expect } from 'chai'
import fc from 'fast-check'
import { AppError } from '../../domain/errors.ts'
import { type ApprovalModel, type Ballot } from './approval-model.ts'
import type { ApprovalWorld, Somebody, StatedToken } from './approval-world.ts'

export interface Real {
  readonly world: ApprovalWorld
  readonly people: readonly Somebody[]
  readonly policyId: string
  readonly executionId: string
  readonly approvalId: string
  readonly used: StatedToken[]
  /** Of the tool. */
  readonly timesRan: () => number
}
export type Step = fc.AsyncCommand<ApprovalModel, Real>

/** What the platform has answered so far. */
export const seen = new Set<string>()

/** The status that it resolves to, or the code that it is refused with. */
const outcomeOf = (work: Promise<string>): Promise<string> =>
  work.catch((error: unknown) => {
    if (error instanceof AppError) return error.code
    throw error
  })

async function compare(model: ApprovalModel, { world, executionId, timesRan }: Real): Promise<void> {
  const { approval } = await world.approval(executionId)
  const { status: run } = await world.work(executionId)
  const { status, tier, revision, decisions } = approval
  expect({ status, tier, revision, votes: decisions.length, run, ran: timesRan() }).to.deep.equal({
    status: model.status,
    tier: model.tier,
    revision: model.revision,
    votes: model.votes.length,
    run: model.run,
    ran: model.timesRan,
  })
}

/** `take` tells first who it is about, where that was open. */
function step(
  name: string,
  take: (model: ApprovalModel, real: Real, tell: (whom: string) => void) => Promise<void>,
): Step {
  let about = ''
  const tell = (whom: string): void => {
    about = whom
  }
  return {
    check: () => true,
    toString: () => `${name} ${about}`.trim(),
    run: async (model, real) => {
      await take(model, real, tell)
      await compare(model, real)
    },
  }
}

/** Anybody, or one of those whom the model lets do it: else most would be refused, and little happen. */
export interface Choice {
  readonly index: number
  readonly isAnybody: boolean
}

function chosen(model: ApprovalModel, { index, isAnybody }: Choice, could: (person: number) => boolean): number {
  const all = [...model.people.keys()]
  const able = isAnybody ? [] : all.filter(could)
  const from = able.length === 0 ? all : able
  return from[index % from.length] ?? 0
}

const personOf = ({ people }: Real, index: number): Somebody => {
  const person = people[index]
  if (person === undefined) throw new Error('There is no such person.')
  return person
}

/** Uses the token; keeps it where it served. */
async function say(real: Real, token: StatedToken): Promise<string> {
  const outcome = await outcomeOf(real.world.use(token))
  seen.add(outcome)
  if (!outcome.includes('.')) real.used.push(token)
  return outcome
}

const vote = (choice: Choice, how: Omit<Ballot, 'by'>): Step =>
  step(`vote ${JSON.stringify(how)}`, async (model, real, tell) => {
    const { world, people, approvalId, executionId, used } = real
    const by = chosen(model, choice, (person) => model.refusal(person) === undefined)
    tell(`by ${by}`)
    const ballot = { ...how, by }
    const { isDenial, isStale, isEdit } = ballot
    const { argumentsHash: current } = (await world.approval(executionId)).approval
    const argumentsHash = isStale ? '0'.repeat(64) : current
    const edit = isEdit && { editId: await world.edit(personOf(real, by), approvalId, { text: `edit ${used.length}` }) }
    const act = isDenial ? { act: 'deny' as const, argumentsHash } : { act: 'approve' as const, argumentsHash, ...edit }
    const refused = model.refusalOfBallot(ballot)
    const outcome = await say(real, await world.mint(personOf(real, by), approvalId, act))
    if (refused !== undefined) {
      expect(outcome).to.equal(refused)
      return
    }
    const { standsFor } = (await world.approval(executionId)).approval.decisions.at(-1) ?? {}
    const voice = people.findIndex(({ userId }) => userId === (standsFor ?? personOf(real, by).userId))
    expect(model.voicesOf(by), 'whom the vote stands for').to.include(voice)
    model.cast(ballot, voice)
    expect(outcome).to.equal(model.status)
  })

/** As many votes as it takes, so that what comes after an approval is met often. */
export const approve = step('approve', async (model, real) => {
  const how = { isDenial: false, isStale: false, isEdit: false }
  const isAble = (person: number): boolean => model.refusal(person) === undefined
  for (;;) {
    const index = [...model.people.keys()].find(isAble)
    if (index === undefined) return
    await vote({ index, isAnybody: true }, how).run(model, real)
  }
})

const delegate = (choice: Choice, to: number): Step =>
  step('delegate', async (model, real, tell) => {
    const from = chosen(model, choice, (person) => model.refusal(person) === undefined)
    tell(`${from} → ${to}`)
    const refused = model.refusalOfDelegation(from, to)
    const act = { act: 'delegate' as const, to: personOf(real, to).userId }
    const outcome = await say(real, await real.world.mint(personOf(real, from), real.approvalId, act))
    expect(outcome).to.equal(refused ?? model.status)
    if (refused === undefined) model.delegate(from, to)
  })

/** A token that has served grants nothing again; only the activity's own repeat finds what it did. */
const replay = (which: number, attempt: number): Step =>
  step(`replay ${which}, attempt ${attempt}`, async (model, real) => {
    const token = real.used[which % Math.max(real.used.length, 1)]
    if (token === undefined) return
    const outcome = await outcomeOf(real.world.use(token, { attempt }))
    expect(outcome).to.be.oneOf(attempt > 1 ? [model.status, 'approval.token_invalid'] : ['approval.token_invalid'])
  })

/** Of those who have had a part in it, if there are any. */
const toggle = (choice: Choice): Step =>
  step('switch account', async (model, { world, people }, tell) => {
    const index = chosen(model, choice, (person) => model.involved.has(person))
    tell(String(index))
    const person = model.people[index]
    if (person === undefined) return
    person.isActive = !person.isActive
    await world.database.owner.execute(
      'update users set disabled_at = case when disabled_at is null then now() end where id = $1',
      [people[index]?.userId],
    )
  })

const pass = (seconds: number): Step =>
  step(`pass ${seconds}`, async (model, { world, approvalId }) => {
    await world.pass(approvalId, seconds)
    model.pass(seconds)
  })

const escalate = step('escalate', async (model, { world, approvalId }) => {
  await world.escalate(approvalId)
  model.escalate()
})

const expire = step('expire', async (model, { world, approvalId }) => {
  const status = await world.expire(approvalId)
  model.expire()
  expect(status).to.equal(model.status)
})

export const dispatch = step('dispatch', async (model, { world, executionId }) => {
  const outcome = await world.run(executionId)
  seen.add(`dispatch ${outcome}`)
  expect(outcome).to.equal(model.dispatch())
})

const changeRules = (quorum: number): Step =>
  step(`change the quorum to ${quorum}`, async (model, { world, policyId }) => {
    const sql = 'update approval_policies set quorum = $2, version = version + 1 where id = $1'
    await world.database.owner.execute(sql, [policyId, quorum])
    model.changeRules(quorum)
  })

/** Steps of random kinds that a crowd of this size takes; `disturbances` is what may come between an approval and its run. */
export function stepsOf(crowd: number, mostSteps: number) {
  const index = fc.nat({ max: crowd - 1 })
  const rarely = fc.nat({ max: 5 }).map((drawn) => drawn === 0)
  const choice = fc.record({ index, isAnybody: rarely })
  const ballot = fc.record({ isDenial: rarely, isStale: rarely, isEdit: rarely })
  const edits = ballot.map((given) => ({ ...given, isEdit: given.isEdit && !given.isDenial }))
  const votes = fc.tuple(choice, edits).map(([by, how]) => vote(by, how))
  const delegations = fc.tuple(choice, index).map(([from, to]) => delegate(from, to))
  const replays = fc.tuple(fc.nat(), fc.constantFrom(1, 2)).map(([which, attempt]) => replay(which, attempt))
  /** How likely each is. */
  const weighted: readonly (readonly [number, fc.Arbitrary<Step>])[] = [
    [4, votes],
    [2, delegations],
    [2, fc.constant(dispatch)],
    [2, fc.constant(approve)],
    [3, choice.map(toggle)],
    [1, replays],
    [2, fc.constantFrom(30, 60, 120, 600).map(pass)],
    [1, fc.constant(escalate)],
    [1, fc.constant(expire)],
    [2, fc.integer({ min: 1, max: 3 }).map(changeRules)],
  ]
  const kinds = weighted.flatMap(([times, kind]) => Array.from({ length: times }, () => kind))
  const disturbing = [choice.map(toggle), fc.constant(pass(600)), fc.integer({ min: 1, max: 3 }).map(changeRules)]
  return {
    steps: fc.commands(kinds, { maxCommands: mostSteps, size: 'max' }),
    disturbances: fc.array(fc.oneof(...disturbing), { maxLength: 2 }),
  }
}
