// The rules of approvals as they are agreed, in the plainest form: what a test compares the platform with. It knows people
// by their place in a list, and shares no code with what it judges.

export interface ModelPerson {
  readonly roles: readonly string[]
  isActive: boolean
}

export interface ModelRules {
  readonly approverRoles: readonly string[]
  readonly quorum: number
  readonly timeoutSeconds: number
  readonly escalation: readonly { readonly afterSeconds: number; readonly roles: readonly string[] }[]
  readonly allowEdit: boolean
}

interface ModelVote {
  readonly by: number
  /** Whose vote it is: a delegate's is that of whoever delegated. */
  readonly voice: number
  readonly isDenial: boolean
  readonly revision: number
}

export interface Ballot {
  readonly by: number
  readonly isDenial: boolean
  readonly isStale: boolean
  readonly isEdit: boolean
}

export type RunStatus = 'pending_approval' | 'approved' | 'denied' | 'expired' | 'succeeded' | 'failed'
type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'expired'

/** Who asks is the first of the people. */
export const requester = 0

export class ApprovalModel {
  status: ApprovalStatus = 'pending'
  run: RunStatus = 'pending_approval'
  tier = 0
  revision = 1
  timesRan = 0
  readonly votes: ModelVote[] = []
  readonly #delegates = new Map<number, number>()
  #elapsed = 0
  #areRulesStale = false
  /** Those that it was asked for under, and those of now. */
  #bound: ModelRules
  #current: ModelRules
  readonly people: readonly ModelPerson[]
  readonly #deciding: readonly string[]

  /** `deciding` are the roles with the permission to decide. */
  constructor(people: readonly ModelPerson[], rules: ModelRules, deciding: readonly string[]) {
    this.people = people
    this.#bound = rules
    this.#current = rules
    this.#deciding = deciding
  }

  get #isOver(): boolean {
    return this.#elapsed >= this.#bound.timeoutSeconds
  }

  #person(index: number): ModelPerson {
    const person = this.people[index]
    if (person === undefined) throw new Error('There is no such person.')
    return person
  }

  #mayDecide(index: number): boolean {
    const { isActive, roles } = this.#person(index)
    return isActive && roles.some((role) => this.#deciding.includes(role))
  }

  #isEligible(index: number): boolean {
    const tiers = this.#bound.escalation.slice(0, this.tier).flatMap(({ roles }) => roles)
    const roles = [...this.#bound.approverRoles, ...tiers]
    return (
      index !== requester && this.#mayDecide(index) && this.#person(index).roles.some((role) => roles.includes(role))
    )
  }

  get #counted(): ModelVote[] {
    return this.votes.filter(({ revision }) => revision === this.revision)
  }

  /** Who has spoken, was spoken for, or has given their voice away. */
  get involved(): ReadonlySet<number> {
    return new Set([...this.#delegates.keys(), ...this.votes.flatMap(({ by, voice }) => [by, voice])])
  }

  /** In whose place somebody may speak now; their own, where they have given it to nobody. */
  voicesOf(index: number): number[] {
    if (this.#isEligible(index) && !this.#delegates.has(index)) return [index]
    return [...this.#delegates].flatMap(([from, to]) => (to === index && this.#isEligible(from) ? [from] : []))
  }

  /** The code of what keeps somebody from deciding or delegating. */
  refusal(by: number): string | undefined {
    if (!this.#person(by).isActive) return 'approval.token_invalid'
    if (this.status !== 'pending' || this.#isOver) return 'approval.already_decided'
    if (by === requester) return 'approval.own_request'
    if (!this.#mayDecide(by)) return 'approval.not_eligible'
    if (this.#counted.some((vote) => vote.by === by)) return 'approval.already_decided'
    const voices = this.voicesOf(by)
    if (voices.length === 0) return 'approval.not_eligible'
    return voices.every((voice) => this.#counted.some((vote) => vote.voice === voice))
      ? 'approval.already_decided'
      : undefined
  }

  refusalOfBallot({ by, isStale, isEdit }: Ballot): string | undefined {
    const refused = this.refusal(by)
    if (refused !== undefined) return refused
    if (isStale) return 'approval.arguments_changed'
    return isEdit && !this.#bound.allowEdit ? 'approval.edit_refused' : undefined
  }

  refusalOfDelegation(from: number, to: number): string | undefined {
    const refused = this.refusal(from)
    if (refused !== undefined) return refused
    if (!this.voicesOf(from).includes(from)) return 'approval.not_eligible'
    return to === requester || to === from || !this.#mayDecide(to) ? 'request.invalid' : undefined
  }

  /** Nothing keeps it from being cast. `voice` is one of those of `by`. */
  cast({ by, isDenial, isEdit }: Ballot, voice: number): void {
    if (isEdit) this.revision += 1
    this.votes.push({ by, voice, isDenial, revision: this.revision })
    if (isDenial) this.#settle('denied')
    else if (new Set(this.#counted.map((vote) => vote.voice)).size >= this.#bound.quorum) this.#settle('approved')
  }

  #settle(status: 'approved' | 'denied' | 'expired'): void {
    this.status = status
    this.run = status
  }

  delegate(from: number, to: number): void {
    this.#delegates.set(from, to)
  }

  pass(seconds: number): void {
    this.#elapsed += seconds
  }

  /** What is over gains nobody who could still decide. */
  escalate(): void {
    if (this.status !== 'pending' || this.#isOver) return
    const reached = this.#bound.escalation.filter(({ afterSeconds }) => afterSeconds <= this.#elapsed)
    this.tier = Math.max(this.tier, reached.length)
  }

  expire(): void {
    if (this.status === 'pending' && this.#isOver) this.#settle('expired')
  }

  changeRules(quorum: number): void {
    this.#current = { ...this.#current, quorum }
    this.#areRulesStale = true
  }

  /** A voice counts as long as it may speak, and whoever spoke may speak for it. */
  #stillCounts({ by, voice }: ModelVote): boolean {
    if (!this.#mayDecide(by) || !this.#isEligible(voice)) return false
    return by === voice || this.#delegates.get(voice) === by
  }

  /** What was approved runs once, or is asked for again. */
  dispatch(): RunStatus | 'approval_void' {
    if (this.run === 'pending_approval') return 'approval_void'
    if (this.run !== 'approved') return this.run
    if (!this.#person(requester).isActive) this.run = 'failed'
    else if (this.#isOver || this.#areRulesStale || !this.#counted.every((vote) => this.#stillCounts(vote))) {
      return this.#askAgain()
    } else {
      this.run = 'succeeded'
      this.timesRan += 1
    }
    return this.run
  }

  #askAgain(): 'approval_void' {
    this.#bound = this.#current
    this.#areRulesStale = false
    this.status = 'pending'
    this.run = 'pending_approval'
    this.revision += 1
    this.tier = 0
    this.#elapsed = 0
    return 'approval_void'
  }
}
