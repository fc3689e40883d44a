// Decides whose unit the backend runs next: first come, first served between transactions; inside one, only its owner.
// A transaction that stays idle while others wait is ended, since on one backend they would wait for ever.
import type { Response } from './response.ts'
import { BackendBroken, type BackendClient, type SharedBackend } from './shared-backend.ts'
import type { Unit } from './unit-builder.ts'

export interface ScheduledClient extends BackendClient {
  /** Takes the answer to its unit; only then does it submit the next one. */
  deliver(response: Response): void
  /** Ends the connection with a FATAL error; it calls `leave` then. */
  fail(code: string, text: string): void
}

type Job =
  | { readonly kind: 'unit'; readonly client: ScheduledClient; readonly unit: Unit }
  | { readonly kind: 'forget'; readonly client: ScheduledClient }
  | { readonly kind: 'administer'; readonly sql: string; resolve(): void; reject(error: unknown): void }

export interface UnitSchedulerOptions {
  readonly backend: SharedBackend
  /** How long a transaction may idle while others wait, in milliseconds. */
  readonly idleTransactionMs: number
  /** The backend can't be trusted any more; no unit runs after this. */
  onBroken(error: unknown): void
}

export class UnitScheduler {
  readonly #options: UnitSchedulerOptions
  readonly #waiting: Job[] = []
  #owner: ScheduledClient | undefined
  #isRunning = false
  #isBroken = false
  #unitsRun = 0
  #idleTimer: NodeJS.Timeout | undefined

  constructor(options: UnitSchedulerOptions) {
    this.#options = options
  }

  /** Units run so far, for those who want to know whether anything happened. */
  get unitsRun(): number {
    return this.#unitsRun
  }

  submit(client: ScheduledClient, unit: Unit): void {
    this.#add({ kind: 'unit', client, unit })
  }

  /** The client has gone: what it left in the backend is undone. */
  leave(client: ScheduledClient): void {
    const queued = this.#waiting.findIndex((job) => job.kind === 'unit' && job.client === client)
    if (queued !== -1) this.#waiting.splice(queued, 1)
    this.#add({ kind: 'forget', client })
  }

  /** Runs SQL as superuser once no transaction is open. Rejects when it fails. */
  administer(sql: string): Promise<void> {
    return new Promise((resolve, reject) => this.#add({ kind: 'administer', sql, resolve, reject }))
  }

  #add(job: Job): void {
    this.#waiting.push(job)
    void this.#pump()
  }

  async #pump(): Promise<void> {
    if (this.#isRunning || this.#isBroken) return
    this.#isRunning = true
    try {
      for (let job = this.#nextJob(); job !== undefined; job = this.#nextJob()) {
        clearTimeout(this.#idleTimer)
        this.#idleTimer = undefined
        await this.#run(job)
      }
      this.#watchOwner()
    } catch (error) {
      this.#isBroken = true
      this.#options.onBroken(error)
    } finally {
      this.#isRunning = false
    }
  }

  #nextJob(): Job | undefined {
    const owner = this.#owner
    if (owner === undefined) return this.#waiting.shift()
    const index = this.#waiting.findIndex((job) => job.kind !== 'administer' && job.client === owner)
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0]
  }

  async #run(job: Job): Promise<void> {
    const { backend } = this.#options
    switch (job.kind) {
      case 'unit': {
        this.#owner = job.client
        this.#unitsRun += 1
        const response = await backend.run(job.client, job.unit)
        if (response.status === 'I') this.#owner = undefined
        job.client.deliver(response)
        return
      }
      case 'forget': {
        const isOwner = job.client === this.#owner
        await backend.forget(job.client, isOwner)
        if (isOwner) this.#owner = undefined
        return
      }
      case 'administer':
        await backend.administer(job.sql).then(job.resolve, (error: unknown) => {
          job.reject(error)
          if (error instanceof BackendBroken) throw error
        })
    }
  }

  #isBlocking(): boolean {
    return this.#owner !== undefined && this.#waiting.some((job) => job.kind === 'unit')
  }

  /** Sets one deadline at the moment when others begin to wait for an owner that does nothing; later ones don't move it. */
  #watchOwner(): void {
    if (!this.#isBlocking() || this.#idleTimer !== undefined) return
    const { idleTransactionMs } = this.#options
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = undefined
      if (!this.#isBlocking()) return
      const text = `the transaction was idle for ${idleTransactionMs} ms while others waited for the embedded database`
      this.#owner?.fail('25P03', text)
    }, idleTransactionMs)
  }
}
