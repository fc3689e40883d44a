// Keeps one child process alive: starts it, waits until it is ready, and starts it again with back-off when it dies.
// Children lead their own process groups, so a terminal's Ctrl-C reaches the supervisor alone and it stops them in order.
import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { describeError, type Logger } from '../logger.ts'
import { createRestartDelay } from './restart-delay.ts'
import { StartError } from './start-error.ts'

export interface SupervisedProcess {
  /** The live child's pid; undefined between a death and the restart. */
  readonly pid: number | undefined
  /** Ends the child for good: SIGTERM, and SIGKILL for its whole group once the deadline has passed. */
  stop(): Promise<void>
}

export interface SupervisedProcessOptions {
  readonly name: string
  /** Spawns the child with `detached: true`. */
  spawn(): ChildProcess
  /** Resolves once the child serves; `signal` aborts when the child dies or `readyMs` have passed. */
  ready(child: ChildProcess, signal: AbortSignal): Promise<void>
  readonly readyMs: number
  readonly stopMs: number
  readonly log: Logger
  onSpawn?(pid: number): void
  /** Called at every death that nobody asked for, before the restart. */
  onDeath?(pid: number): void
  readonly restartDelay?: (servedMs: number) => number
}

interface Life {
  readonly child: ChildProcess
  /** When it became ready. */
  servedSince?: number
  /** Resolves, never rejects, to how the child ended. */
  readonly ended: Promise<string>
}

/** SIGKILLs what is left of a detached child's group; nothing happens when it is gone. */
export function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL')
    } catch {
      // Gone already, which is what was wanted.
    }
  }
}

function begin(options: SupervisedProcessOptions): Life {
  const child = options.spawn()
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`couldn't run: ${(error as { code?: string }).code ?? error.name}`))
    child.once('exit', (code, signal) => {
      // Its own children mustn't outlive it: they hold files and ports that the next one needs.
      if (child.pid !== undefined) killGroup(child.pid)
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
    })
  })
  if (child.pid !== undefined) options.onSpawn?.(child.pid)
  return { child, ended }
}

/** Rejects with a StartError when the child ends before it is ready, or isn't ready in time (then it is killed). */
async function becomeReady(options: SupervisedProcessOptions, life: Life): Promise<void> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(new StartError(`${options.name} wasn't ready in time`)), options.readyMs)
  void life.ended.then((how) => over.abort(new StartError(`${options.name} ended before it was ready (${how})`)))
  const failed = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(over.signal.reason as Error))
  })
  try {
    await Promise.race([options.ready(life.child, over.signal), failed])
    life.servedSince = Date.now()
  } catch (error) {
    if (life.child.pid !== undefined) killGroup(life.child.pid)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function endLife(life: Life, stopMs: number): Promise<void> {
  const pid = life.child.pid
  if (pid === undefined) return
  life.child.kill('SIGTERM')
  const timer = setTimeout(() => killGroup(pid), stopMs)
  await life.ended
  clearTimeout(timer)
}

/** Resolves once the child is ready for the first time; rejects with a StartError, and leaves no process, when it isn't. */
export async function superviseProcess(options: SupervisedProcessOptions): Promise<SupervisedProcess> {
  const { name, log } = options
  const stopping = new AbortController()
  const restartDelay = options.restartDelay ?? createRestartDelay()
  let life: Life | undefined = begin(options)
  await becomeReady(options, life)

  const untilDead = async (): Promise<void> => {
    const how = (await life?.ended) ?? "couldn't be spawned"
    if (stopping.signal.aborted) return
    const pid = life?.child.pid
    const waitMs = restartDelay(life?.servedSince === undefined ? 0 : Date.now() - life.servedSince)
    life = undefined
    if (pid !== undefined) options.onDeath?.(pid)
    log.warn({ part: name, pid, how, restartInMs: waitMs }, 'died and will be started again')
    await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined)
  }
  const restart = async (): Promise<void> => {
    life = begin(options)
    await becomeReady(options, life)
    log.warn({ part: name, pid: life.child.pid }, 'runs again')
  }
  const keepAlive = async (): Promise<void> => {
    for (;;) {
      await untilDead()
      if (stopping.signal.aborted) return
      await restart().catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ part: name, err: describeError(error) }, 'not ready')
      })
    }
  }
  const guard = keepAlive()

  return {
    get pid() {
      return life?.child.pid
    },
    stop: async () => {
      stopping.abort()
      if (life !== undefined) await endLife(life, options.stopMs)
      await guard
    },
  }
}
