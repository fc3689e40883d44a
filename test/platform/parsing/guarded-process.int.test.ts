// A guarded process ends when it should, for the reason it should, and leaves nothing running, whatever it does.
import { ownScript } from '../../../platform/embedded/own-script.ts'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { type GuardLimits, runGuarded } from '../../../platform/parsing/guarded-process.ts'
import { eventually } from '../../support/eventually.ts'
import { isProcessAlive } from '../../support/process-alive.ts'
import { rejection } from '../../support/rejection.ts'

const ample: GuardLimits = { rssBytes: 2 ** 30, totalMs: 60_000, stallMs: 60_000 }

interface Told {
  readonly pid: number
}

function start(behaviour: string, { limits = ample, signal = new AbortController().signal } = {}) {
  const pids: number[] = []
  let onFirst: (() => void) | undefined
  const told = new Promise<void>((resolve) => (onFirst = resolve))
  const result = runGuarded<Told, unknown>({
    entry: ownScript('../../support/guarded-entry', import.meta.url),
    input: behaviour,
    cwd: tmpdir(),
    signal,
    limits,
    onProgress: ({ pid }) => {
      pids.push(pid)
      onFirst?.()
    },
  })
  result.catch(() => undefined)
  return { result, pids, told }
}

const gone = (pids: readonly number[]): Promise<true> =>
  eventually('the processes end', async () => !(await Promise.all(pids.map(isProcessAlive))).includes(true))

async function failure(run: ReturnType<typeof start>): Promise<AppError> {
  const error = await rejection(run.result)
  expect(run.pids).to.not.deep.equal([])
  await gone(run.pids)
  expect(error).to.be.instanceOf(AppError)
  return error as AppError
}

describe('a guarded process', () => {
  it('gives its result, sees no secrets, and is gone when the result is there', async () => {
    const run = start('answer')
    const result = (await run.result) as { readonly environment: readonly string[]; readonly cwd: string }
    expect(result.environment.filter((name) => !name.startsWith('NODE_CHANNEL'))).to.deep.equal(['LANG', 'TMPDIR'])
    expect(await isProcessAlive(run.pids[0])).to.equal(false)
  })

  it('is killed when it takes too much memory', async () => {
    const error = await failure(start('fill', { limits: { ...ample, rssBytes: 200 * 1024 * 1024 } }))
    expect(error).to.deep.include({ code: 'document.limit_exceeded' })
    expect(error.detail).to.include('memory')
  })

  it('is killed when it says nothing for too long', async () => {
    const error = await failure(start('loop', { limits: { ...ample, stallMs: 5_000 } }))
    expect(error).to.deep.include({ code: 'document.limit_exceeded' })
    expect(error.detail).to.include('too long')
  })

  it('is killed at the deadline though it goes on talking', async () => {
    const error = await failure(start('chatter', { limits: { ...ample, totalMs: 5_000, stallMs: 4_900 } }))
    expect(error).to.deep.include({ code: 'document.limit_exceeded' })
  })

  for (const behaviour of ['exit', 'throw']) {
    it(`has crashed when it ends without a result (${behaviour})`, async () => {
      const error = await failure(start(behaviour))
      expect(error).to.deep.include({ code: 'document.parser_crashed', retryable: true })
    })
  }

  it('is killed by the signal, which gives the reason', async () => {
    const abort = new AbortController()
    const run = start('loop', { signal: abort.signal })
    await run.told
    abort.abort(new Error('nobody waits for it'))
    expect((await rejection(run.result)).message).to.equal('nobody waits for it')
    await gone(run.pids)
  })

  it('isn’t started when the signal is aborted already', async () => {
    const run = start('answer', { signal: AbortSignal.abort(new Error('too late')) })
    expect((await rejection(run.result)).message).to.equal('too late')
    expect(run.pids).to.deep.equal([])
  })

  it('is killed together with what it started', async () => {
    const abort = new AbortController()
    const run = start('descend', { signal: abort.signal })
    const [own, child] = await eventually('it has a child', () => run.pids.length === 2 && run.pids)
    expect([await isProcessAlive(own), await isProcessAlive(child)]).to.deep.equal([true, true])
    abort.abort()
    await gone(run.pids)
  })

  it('ends with its parent, deep in a loop as it may be', async () => {
    const parent = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('../../support/guarded-parent.ts', import.meta.url))],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const pids: number[] = []
    for await (const line of createInterface(parent.stdout)) if (pids.push(Number(line)) === 2) break
    expect(await Promise.all(pids.map(isProcessAlive))).to.deep.equal([true, true])
    parent.kill('SIGKILL')
    await gone(pids)
  })
})
