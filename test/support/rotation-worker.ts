// The worker process of `run-rotation-worker.ts`, as its parent sees it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { ownScript } from '../../platform/embedded/own-script.ts'

export interface WorkerOrder {
  /** `before setTarget`, `after finishRotation`: to stop there once. */
  readonly arm?: string
  /** What to do there: go on, run the activity a second time, or lose its reply. */
  readonly go?: 'on' | 'twice' | 'lose'
}

export interface RotationWorker {
  /** Resolves when the worker stands at the point. */
  arm(point: string): Promise<void>
  go(how: NonNullable<WorkerOrder['go']>): void
  kill(): Promise<void>
}

async function untilMessage(child: ChildProcess, member: string): Promise<void> {
  const ended = new AbortController()
  const fail = (): void => ended.abort(new Error(`The worker ended before it was ${member}.`))
  child.once('exit', fail)
  try {
    for (;;) {
      const [message] = (await once(child, 'message', { signal: ended.signal })) as [object]
      if (member in message) return
    }
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error
  } finally {
    child.off('exit', fail)
  }
}

export interface StartedRotationWorker extends RotationWorker {
  /** Of the point that it was armed with: resolves when it stands there. */
  readonly reached: Promise<void>
}

/** `armed`: a point as `arm` takes it, but there before the worker does anything. */
export async function startRotationWorker(env: NodeJS.ProcessEnv, armed?: string): Promise<StartedRotationWorker> {
  const { file, execArgv } = ownScript('./run-rotation-worker', import.meta.url)
  const child = fork(file, armed === undefined ? [] : [armed], {
    env,
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const reached = untilMessage(child, 'reached')
  reached.catch(() => undefined)
  await untilMessage(child, 'ready')
  return {
    reached,
    arm: (arm) => {
      child.send({ arm } satisfies WorkerOrder)
      const reached = untilMessage(child, 'reached')
      // Whoever doesn't wait for it any more isn't interested in its failure.
      reached.catch(() => undefined)
      return reached
    },
    go: (go) => void child.send({ go } satisfies WorkerOrder),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}
