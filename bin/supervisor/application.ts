// The processes that run CDSA itself: one with API and worker, or one of each where Redis carries what they share.
// They get their configuration by environment, say when they are ready, and end when their channel to here closes.
import { type ChildProcess, fork } from 'node:child_process'
import { on } from 'node:events'
import { z } from 'zod'
import { ownScript } from '../../platform/embedded/own-script.ts'
import { superviseProcess, type SupervisedProcess } from '../../platform/embedded/supervised-process.ts'
import type { Logger } from '../../platform/logger.ts'

export type ApplicationRole = 'application' | 'api' | 'worker'

export interface Application {
  readonly apiUrl: string
  /** Pids by what they do; API and worker may share one. Null while one is being restarted. */
  pids(): { readonly api: number | null; readonly worker: number | null }
  stop(): Promise<void>
}

export interface ApplicationOptions {
  /** True: API and worker in processes of their own, which needs Redis. */
  readonly split: boolean
  readonly environment: NodeJS.ProcessEnv
  /** At the first start; ever after it is the one that the API opened then. Undefined: the default or the next free. */
  readonly port: number | undefined
  readonly stopMs: number
  readonly log: Logger
  onSpawn(role: ApplicationRole, pid: number): void
  onDeath(role: ApplicationRole, pid: number): void
}

const readyMs = 120_000
const readyMessage = z.object({ type: z.literal('ready'), apiUrl: z.string().optional() })

function forkEntry(role: ApplicationRole, env: NodeJS.ProcessEnv): ChildProcess {
  const { file, execArgv } = ownScript(`../${role}`, import.meta.url)
  return fork(file, {
    env,
    execArgv: [...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
}

/** The API's address, which a worker doesn't have. */
async function untilReady(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  for await (const [message] of on(child, 'message', { signal }) as AsyncIterable<[unknown]>) {
    const ready = readyMessage.safeParse(message)
    if (ready.success) return ready.data.apiUrl
  }
  return undefined
}

export async function startApplication(options: ApplicationOptions): Promise<Application> {
  let port = options.port
  let apiUrl: string | undefined
  const supervise = (role: ApplicationRole): Promise<SupervisedProcess> =>
    superviseProcess({
      name: role,
      spawn: () => forkEntry(role, { ...options.environment, PORT: `${port ?? ''}` }),
      ready: async (child, signal) => {
        const url = await untilReady(child, signal)
        if (url === undefined) return
        apiUrl = url
        port = Number(new URL(url).port)
      },
      readyMs,
      stopMs: options.stopMs,
      log: options.log,
      onSpawn: (pid) => options.onSpawn(role, pid),
      onDeath: (pid) => options.onDeath(role, pid),
    })

  const started = await Promise.allSettled(
    (options.split ? (['api', 'worker'] as const) : (['application'] as const)).map(supervise),
  )
  const processes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async (): Promise<void> => void (await Promise.all(processes.map((process) => process.stop())))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    await stop()
    throw failed.reason
  }
  return {
    apiUrl: apiUrl ?? '',
    pids: () => ({ api: processes[0]?.pid ?? null, worker: processes.at(-1)?.pid ?? null }),
    stop,
  }
}
