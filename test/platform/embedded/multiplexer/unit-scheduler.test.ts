// The order of units and the deadline of idle transactions, with a backend in memory and a clock that the test moves.
import { expect } from 'chai'
import { BackendBroken, type SharedBackend } from '../../../../platform/embedded/multiplexer/shared-backend.ts'
import { StatementNames } from '../../../../platform/embedded/multiplexer/statement-names.ts'
import type { Unit } from '../../../../platform/embedded/multiplexer/unit-builder.ts'
import { type ScheduledClient, UnitScheduler } from '../../../../platform/embedded/multiplexer/unit-scheduler.ts'
import type { TransactionStatus } from '../../../../platform/embedded/multiplexer/wire-messages.ts'

const idleTransactionMs = 1_000

/** A unit after which the backend reports this status; `name` stands in the record of what was run. */
const unit = (name: string, status: TransactionStatus = 'I'): Unit => ({
  bytes: Buffer.from(`${status}${name}`),
  end: 'query',
  usesEarlierUnnamed: false,
  unnamed: undefined,
})

interface Clock {
  tick(ms: number): void
  restore(): void
}

/** Replaces the global timers with ones that the test moves. */
function takeOverTimers(): Clock {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout }
  const waiting = new Map<number, { readonly at: number; run(): void }>()
  let now = 0
  let lastId = 0
  const fake = {
    setTimeout: (run: () => void, ms: number) => {
      lastId += 1
      waiting.set(lastId, { at: now + ms, run })
      return lastId
    },
    clearTimeout: (id: number) => waiting.delete(id),
  }
  Object.assign(globalThis, fake)
  return {
    tick: (ms) => {
      now += ms
      for (const [id, { at, run }] of waiting) {
        if (at > now) continue
        waiting.delete(id)
        run()
      }
    },
    restore: () => void Object.assign(globalThis, real),
  }
}

/** Lets all promises that can go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('UnitScheduler', () => {
  let clock: Clock
  let done: string[]
  let broken: unknown[]
  let scheduler: UnitScheduler

  const backend: SharedBackend = {
    run: async (_, { bytes }) => {
      const text = bytes.toString()
      if (text.endsWith('broken')) throw new BackendBroken('broken')
      done.push(text.slice(1))
      return { bytes, status: text.charAt(0) as TransactionStatus, error: undefined }
    },
    forget: async (client, isOwner) => {
      done.push(`forget ${(client as TestClient).name}${isOwner ? ' and roll back' : ''}`)
    },
    administer: async (sql) => {
      if (sql === 'bad') throw new Error('bad')
      done.push(sql)
    },
  }
  type TestClient = ScheduledClient & { readonly name: string }
  const client = (name: string): TestClient => {
    const made: TestClient = {
      name,
      role: 'cdsa_app',
      unnamed: undefined,
      statements: new StatementNames(1),
      deliver: () => undefined,
      fail: (code) => {
        done.push(`fail ${name} ${code}`)
        scheduler.leave(made)
      },
    }
    return made
  }
  const [a, b, c] = [client('a'), client('b'), client('c')]

  beforeEach(() => {
    clock = takeOverTimers()
    done = []
    broken = []
    scheduler = new UnitScheduler({ backend, idleTransactionMs, onBroken: (error) => broken.push(error) })
  })
  afterEach(() => clock.restore())

  it('runs units in the order in which they came', async () => {
    for (const [one, name] of [
      [a, 'a1'],
      [b, 'b1'],
      [a, 'a2'],
      [c, 'c1'],
    ] as const)
      scheduler.submit(one, unit(name))
    await settle()
    expect(done).to.deep.equal(['a1', 'b1', 'a2', 'c1'])
  })

  it('runs only the owner’s units while its transaction is open', async () => {
    scheduler.submit(a, unit('a begins', 'T'))
    scheduler.submit(b, unit('b'))
    await settle()
    scheduler.submit(a, unit('a fails', 'E'))
    await settle()
    scheduler.submit(a, unit('a ends'))
    await settle()
    expect(done).to.deep.equal(['a begins', 'a fails', 'a ends', 'b'])
  })

  it('rolls back for an owner that leaves, and drops what it had queued', async () => {
    scheduler.submit(a, unit('a begins', 'T'))
    await settle()
    scheduler.submit(b, unit('b'))
    scheduler.submit(c, unit('c'))
    scheduler.leave(c)
    scheduler.leave(a)
    await settle()
    expect(done).to.deep.equal(['a begins', 'forget a and roll back', 'b', 'forget c'])
  })

  it('lets maintenance wait for the end of a transaction, and reports its failure to whoever asked', async () => {
    scheduler.submit(a, unit('a begins', 'T'))
    const checkpoint = scheduler.administer('checkpoint')
    await settle()
    expect(done).to.deep.equal(['a begins'])
    scheduler.submit(a, unit('a ends'))
    await checkpoint
    expect(done).to.deep.equal(['a begins', 'a ends', 'checkpoint'])
    expect(await scheduler.administer('bad').catch((error: Error) => error.message)).to.equal('bad')
    expect(broken).to.deep.equal([])
  })

  it('ends a transaction that idles while another client waits', async () => {
    scheduler.submit(a, unit('a begins', 'T'))
    scheduler.submit(b, unit('b'))
    await settle()
    clock.tick(idleTransactionMs - 1)
    await settle()
    expect(done).to.deep.equal(['a begins'])
    clock.tick(1)
    await settle()
    expect(done).to.deep.equal(['a begins', 'fail a 25P03', 'forget a and roll back', 'b'])
  })

  it('leaves it alone while nobody waits, or nobody but maintenance', async () => {
    scheduler.submit(a, unit('a begins', 'T'))
    void scheduler.administer('checkpoint')
    await settle()
    clock.tick(100 * idleTransactionMs)
    await settle()
    expect(done).to.deep.equal(['a begins'])
  })

  it('leaves it alone when the one that waited has gone', async () => {
    scheduler.submit(a, unit('a begins', 'T'))
    scheduler.submit(b, unit('b'))
    await settle()
    scheduler.leave(b)
    clock.tick(idleTransactionMs)
    await settle()
    expect(done).to.deep.equal(['a begins'])
  })

  it('doesn’t put off the deadline when more clients come, and does when the owner goes on', async () => {
    scheduler.submit(a, unit('a begins', 'T'))
    scheduler.submit(b, unit('b'))
    await settle()
    clock.tick(idleTransactionMs - 1)
    scheduler.submit(a, unit('a goes on', 'T'))
    await settle()
    clock.tick(idleTransactionMs - 1)
    scheduler.submit(c, unit('c'))
    await settle()
    expect(done).to.deep.equal(['a begins', 'a goes on'])
    clock.tick(1)
    await settle()
    expect(done).to.include('fail a 25P03')
  })

  it('runs nothing any more once the backend is broken', async () => {
    scheduler.submit(a, unit('broken'))
    scheduler.submit(b, unit('b'))
    await settle()
    expect(broken).to.have.length(1)
    expect(done).to.deep.equal([])
  })
})
