// What the audit log can tell: a closed union of actions, and what an event is made of before it becomes a leaf. An action
// is `noun.verb`; its place among the classes of OCSF (schema.ocsf.io, 1.5) follows from the two words.

const nounVerbs = {
  auth: ['login', 'logout', 'refresh', 'reuse'],
  session: ['revoke'],
  password: ['change', 'reset', 'forget'],
  second_factor: ['create', 'confirm', 'delete'],
  identity: ['create', 'delete'],
  api_key: ['create', 'delete'],
  user: ['create', 'update', 'erase', 'export'],
  role: ['create', 'update', 'delete'],
  request: ['deny'],
  chat: ['create', 'update', 'delete', 'export'],
  turn: ['create', 'retry', 'cancel'],
  document: ['create', 'update', 'delete', 'reindex'],
  collection: ['create', 'update', 'delete'],
  collection_member: ['update', 'delete'],
  tool: ['create', 'update', 'delete', 'execute', 'run', 'complete', 'fail', 'cancel'],
  approval: ['request', 'decide', 'delegate', 'escalate', 'expire', 'cancel', 'reopen'],
  approval_token: ['create'],
  approval_policy: ['create', 'update', 'delete'],
  secret: ['create', 'read', 'update', 'delete', 'restore', 'purge', 'rotate', 'use'],
  secret_version: ['create', 'read', 'update', 'delete', 'undelete', 'destroy', 'prune', 'promote'],
  rotation_policy: ['create', 'update', 'delete'],
  rotation: ['start', 'complete', 'fail', 'doubt', 'probe', 'revoke'],
  key: ['create', 'rotate', 'rewrap', 'retire', 'destroy'],
  vault: ['seal', 'unseal'],
  signing_key: ['create', 'rotate', 'retire'],
  codec: ['encode', 'decode'],
  audit: ['read', 'export', 'seal', 'heartbeat', 'restart'],
  report: ['read', 'export'],
  legal_hold: ['create', 'delete'],
  notification: ['create', 'update', 'delete'],
  notification_preferences: ['update'],
  webhook: ['create', 'update', 'delete'],
  model: ['create', 'update', 'delete'],
  embedding_model: ['create', 'activate'],
  workflow: ['start', 'cancel'],
} as const satisfies Readonly<Record<string, readonly string[]>>

type NounVerbs = typeof nounVerbs
type Noun = keyof NounVerbs

/** `noun.verb`, of a closed list: add, never rename, for a leaf holds it for ever. */
export type AuditAction = { [N in Noun]: `${N}.${NounVerbs[N][number]}` }[Noun]

export const auditActions = Object.entries(nounVerbs).flatMap(([noun, verbs]) =>
  verbs.map((verb) => `${noun}.${verb}`),
) as AuditAction[]

export const auditOutcomes = ['success', 'failure', 'denied'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]

export const auditActorTypes = ['user', 'system', 'anonymous'] as const

export interface AuditActor {
  readonly type: (typeof auditActorTypes)[number]
  readonly id?: string | undefined
  readonly sessionId?: string | undefined
  readonly apiKeyId?: string | undefined
}

export interface AuditResource {
  readonly type: string
  readonly id?: string | undefined
  readonly version?: number | undefined
}

/** Facts of an event that are no personal values and no secrets: the leaf holds them for ever. */
export type AuditDetails = Readonly<Record<string, string | number | boolean>>

/** Values that can be erased: the leaf holds a salted commitment to each. */
export interface PersonalValues {
  readonly ip?: string | undefined
  readonly userAgent?: string | undefined
  readonly email?: string | undefined
  readonly displayName?: string | undefined
  readonly login?: string | undefined
}

export interface AuditEventInput {
  readonly action: AuditAction
  readonly outcome: AuditOutcome
  readonly actor: AuditActor
  /** The user for whom the system, or another user, acts. */
  readonly onBehalfOf?: string | undefined
  readonly resource: AuditResource
  readonly requestId?: string | undefined
  readonly workflowId?: string | undefined
  readonly runId?: string | undefined
  readonly approvalId?: string | undefined
  /** A stable code, such as that of an error. */
  readonly reason?: string | undefined
  readonly details?: AuditDetails | undefined
  /** The user whose personal values these are, but `ip` and `userAgent`, which are the actor’s; erasing one erases them. */
  readonly subjectId?: string | undefined
  readonly personal?: PersonalValues | undefined
}

/** What a refused caller has tried to do. */
export type AuditAttempt = Pick<AuditEventInput, 'action' | 'outcome' | 'resource' | 'details' | 'subjectId'>

/** Numbers of OCSF: class, activity within it, severity from 1 (informational) to 5 (critical). */
export interface AuditClass {
  readonly class: number
  readonly activity: number
  readonly severity: number
}

const authentication = 3_002
const accountChange = 3_001
const entityManagement = 3_004
const apiActivity = 6_003
const other = 99

const classes: Readonly<Partial<Record<Noun, number>>> = {
  auth: authentication,
  session: authentication,
  user: accountChange,
  password: accountChange,
  second_factor: accountChange,
  identity: accountChange,
  role: accountChange,
  api_key: accountChange,
  request: apiActivity,
  codec: apiActivity,
}

const activities: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [authentication]: { login: 1, logout: 2, revoke: 2 },
  [accountChange]: { create: 1, change: 3, reset: 4, delete: 6, erase: 6 },
  [entityManagement]: { create: 1, read: 2, update: 3, delete: 4 },
  [apiActivity]: { create: 1, read: 2, update: 3, delete: 4 },
}

/** What is worth a look although it succeeded, and more so when it didn't. */
const severities: Readonly<Partial<Record<AuditAction, number>>> = {
  'auth.reuse': 4,
  'secret.purge': 3,
  'secret_version.destroy': 3,
  'rotation.fail': 3,
  'rotation.doubt': 4,
  'key.rotate': 2,
  'key.destroy': 3,
  'vault.seal': 4,
  'audit.export': 2,
  'audit.restart': 5,
  'user.erase': 3,
  'role.update': 2,
  'legal_hold.delete': 3,
  'codec.decode': 2,
}

const unsuccessful: Readonly<Record<AuditOutcome, number>> = { success: 1, failure: 2, denied: 3 }

/** Where an event stands in OCSF. */
export function classOf(action: AuditAction, outcome: AuditOutcome): AuditClass {
  const [noun, verb] = action.split('.') as [Noun, string]
  const number = classes[noun] ?? entityManagement
  return {
    class: number,
    activity: activities[number]?.[verb] ?? other,
    severity: Math.max(severities[action] ?? 1, unsuccessful[outcome]),
  }
}
