// Where a rotation stands, as the Web UI and the query show it, and the wait of one that is in doubt.
import { condition, setCurrentDetails } from '@temporalio/workflow'
import type { RotationView } from './messages.ts'

/** Between two probes of a rotation in doubt: doubling from the first to the longest. */
const firstWaitMs = 5_000
const longestWaitMs = 600_000

export class RotationProgress {
  #view: RotationView = { rotationId: null, stage: 'starting' }
  #probeAsked = false
  #doubts = 0
  readonly #secretId: string

  constructor(secretId: string) {
    this.#secretId = secretId
  }

  get view(): RotationView {
    return this.#view
  }

  /** Shows that it is at this stage now. */
  at(stage: string, rotationId = this.#view.rotationId): void {
    this.#view = { rotationId, stage }
    setCurrentDetails(`Secret \`${this.#secretId}\`, rotation \`${rotationId ?? '–'}\`: **${stage}**`)
  }

  askForProbe(): void {
    this.#probeAsked = true
  }

  /** Until somebody asks for another probe, or it is time for one. */
  async untilNextProbe(): Promise<void> {
    this.at('in doubt')
    const waitMs = Math.min(firstWaitMs * 2 ** this.#doubts, longestWaitMs)
    this.#doubts += 1
    await condition(() => this.#probeAsked, waitMs)
    this.#probeAsked = false
  }
}
