// Who may decide on a tool call, and when it is decided. Pure: what the database, the workflow and the tests all follow.
import type { ApprovalPolicy, Decision, EscalationTier } from './approval.ts'

/** What applies where no policy does. */
const defaultPolicy = {
  id: null,
  approverRoles: ['approver'],
  quorum: 1,
  timeoutSeconds: 86_400,
  escalation: [],
  allowEdit: false,
  exempt: false,
  version: 0,
} as const

export type AppliedPolicy = Omit<ApprovalPolicy, 'id' | 'match' | 'createdAt' | 'updatedAt'> & {
  readonly id: string | null
}

/** In one pass: a pattern of many stars that is turned into a regular expression takes for ever on some names. */
function matches(glob: string, name: string): boolean {
  const [first = '', ...rest] = glob.split('*')
  const last = rest.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}

/** The tool's own, else the one with the longest glob that matches; of equals the older. */
export function choosePolicy(
  tool: { readonly name: string; readonly policyId: string | null },
  policies: readonly ApprovalPolicy[],
): AppliedPolicy {
  const own = policies.find(({ id }) => id === tool.policyId)
  if (own !== undefined) return own
  let chosen: { readonly policy: ApprovalPolicy; readonly length: number } | undefined
  for (const policy of policies.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
    for (const glob of policy.match) {
      if (glob.length > (chosen?.length ?? -1) && matches(glob, tool.name)) chosen = { policy, length: glob.length }
    }
  }
  return chosen?.policy ?? { ...defaultPolicy, approverRoles: [...defaultPolicy.approverRoles], escalation: [] }
}

/** What a user made may go without only where a policy says so, and nothing goes without that asks for one itself. */
export function needsApproval(
  tool: { readonly kind: string; readonly requiresApproval: boolean },
  { exempt }: Pick<AppliedPolicy, 'exempt'>,
): boolean {
  return tool.requiresApproval || (tool.kind !== 'builtin' && !exempt)
}

/** How many tiers have been reached by then. */
export const tierAfter = (escalation: readonly EscalationTier[], elapsedSeconds: number): number =>
  escalation.filter(({ afterSeconds }) => afterSeconds <= elapsedSeconds).length

/** A tier adds its roles to those before it. */
export const rolesAt = (
  { approverRoles, escalation }: Pick<AppliedPolicy, 'approverRoles' | 'escalation'>,
  tier: number,
): string[] => [...new Set([...approverRoles, ...escalation.slice(0, tier).flatMap(({ roles }) => roles)])]

export interface Approver {
  readonly userId: string
  readonly roles: readonly string[]
  /** Active, and with the permission to decide. */
  readonly mayDecide: boolean
}

export interface Delegation {
  readonly fromUserId: string
  readonly toUserId: string
}

export interface Vote {
  readonly userId: string
  readonly standsFor: string | null
  readonly decision: Decision
  readonly revision: number
}

export interface OpenApproval {
  readonly requesterId: string
  /** Of its tier. */
  readonly roles: readonly string[]
  readonly quorum: number
  readonly revision: number
  readonly delegations: readonly Delegation[]
  readonly votes: readonly Vote[]
}

const isEligible = ({ requesterId, roles }: OpenApproval, { userId, roles: own, mayDecide }: Approver): boolean =>
  mayDecide && userId !== requesterId && own.some((role) => roles.includes(role))

export type Standing =
  | { readonly may: true; readonly standsFor: string | null }
  | { readonly may: false; readonly because: 'own_request' | 'not_eligible' | 'already_decided' }

const no = (because: Extract<Standing, { may: false }>['because']): Standing => ({ may: false, because })

/**
 * Whether somebody may decide now, and for whom. A delegate needs the permission, but no role: they stand in for somebody
 * who has one, and each voice counts once, whoever of the two speaks.
 */
export function standingOf(
  approval: OpenApproval,
  user: Approver,
  /** The accounts that have delegated to this one, as they are now. */
  delegators: readonly Approver[],
): Standing {
  if (user.userId === approval.requesterId) return no('own_request')
  if (!user.mayDecide) return no('not_eligible')
  const votes = approval.votes.filter(({ revision }) => revision === approval.revision)
  if (votes.some(({ userId }) => userId === user.userId)) return no('already_decided')
  const spoken = new Set(votes.map(({ userId, standsFor }) => standsFor ?? userId))
  const gaveAway = approval.delegations.some(({ fromUserId }) => fromUserId === user.userId)
  if (isEligible(approval, user) && !gaveAway) {
    return spoken.has(user.userId) ? no('already_decided') : { may: true, standsFor: null }
  }
  const given = new Set(
    approval.delegations.filter(({ toUserId }) => toUserId === user.userId).map(({ fromUserId }) => fromUserId),
  )
  const behind = delegators.filter((one) => given.has(one.userId) && isEligible(approval, one))
  if (behind.length === 0) return no('not_eligible')
  const free = behind.find(({ userId }) => !spoken.has(userId))
  return free === undefined ? no('already_decided') : { may: true, standsFor: free.userId }
}

/** Whether a vote would count today as it did: for the same voice, by whoever may still speak for it. */
export function stillCounts(approval: OpenApproval, vote: Vote, people: readonly Approver[]): boolean {
  const { userId, standsFor } = vote
  const speaker = people.find((one) => one.userId === userId)
  const voice = people.find((one) => one.userId === (standsFor ?? userId))
  if (speaker?.mayDecide !== true || voice === undefined || !isEligible(approval, voice)) return false
  if (standsFor === null) return true
  return approval.delegations.some(({ fromUserId, toUserId }) => fromUserId === standsFor && toUserId === userId)
}

/** One denial ends it; approvals count by voice, of the arguments as they are now. */
export function outcomeOf({ quorum, revision, votes }: OpenApproval): 'pending' | 'approved' | 'denied' {
  const counted = votes.filter((vote) => vote.revision === revision)
  if (counted.some(({ decision }) => decision === 'deny')) return 'denied'
  const voices = new Set(counted.map(({ userId, standsFor }) => standsFor ?? userId))
  return voices.size >= quorum ? 'approved' : 'pending'
}
