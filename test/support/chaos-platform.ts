// A platform to kill, part by part or as a whole: on the embedded parts, or on a Postgres and a Redis of its own where the
// run is one on real services, because what the run's tests share must not be killed.
import { rm, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyFreePort } from '../../platform/embedded/ports.ts'
import { signUp } from './api-client.ts'
import { makeDebianRoot } from './debian-root.ts'
import { eventually } from './eventually.ts'
import { type MockUpstream, type Physics, slowFixture, startMockUpstream } from './mock-upstream.ts'
import { applicationDatabaseUrl } from './platform-database.ts'
import { type PlatformProcess, startPlatformProcess } from './platform-process.ts'
import { type TestPostgres, startPostgres } from './postgres.ts'
import { type TestRedis, startRedis } from './redis.ts'

/** Whether this run of tests is one on real services. */
export const onServices = process.env['TEST_ON_SERVICES'] === 'yes'

/** The database and Redis are also started again; the supervisor does that for the rest. */
export type Part = 'api' | 'worker' | 'api and worker' | 'database' | 'redis'

export interface ChaosPlatform {
  readonly name: 'embedded' | 'services'
  /** Of a new user, once the API answers; good for the ten minutes of its token, whatever is started again meanwhile. */
  newClient(): Promise<Awaited<ReturnType<typeof signUp>>>
  /** What the upstream answers with numbered tokens. */
  readonly content: string
  readonly tokens: number
  readonly dataDir: string
  /** As the application connects. */
  databaseUrl(): string
  /** Signals the part's processes, and resolves when they run again. */
  strike(part: Part, signal?: NodeJS.Signals): Promise<void>
  /** SIGKILLs every process there is, of the services too, and starts all again on what they left. */
  strikeEverything(): Promise<void>
  /** Ends the platform by SIGTERM, resolves to its exit code, and starts it again. */
  stopAndStart(): Promise<number | null>
  /** What the platform has printed since its last start. */
  output(): string
  stop(): Promise<void>
}

interface OwnServices {
  readonly postgres: TestPostgres
  readonly redis: TestRedis
}

async function startOwnServices(): Promise<OwnServices | undefined> {
  if (!onServices) return undefined
  const root = await makeDebianRoot()
  const postgres = await startPostgres({ root })
  return { postgres, redis: await startRedis({ root }) }
}

const content = 'count to the end'

/** Everything that it starts runs on free ports, which stay the same over restarts. */
export async function startChaosPlatform(options: {
  readonly tokens: number
  readonly physics: Physics
  /** On top of the platform's own settings here. */
  readonly env?: Readonly<Record<string, string>>
}): Promise<ChaosPlatform> {
  const { tokens, physics } = options
  const services = await startOwnServices()
  const upstream: MockUpstream = await startMockUpstream({ fixtures: [slowFixture(content, tokens, physics)] })
  const dataDir = await mkdtemp(join(tmpdir(), 'cdsa-chaos-'))
  const env = {
    ...options.env,
    PORT: String(await anyFreePort('127.0.0.1')),
    OPENAI_BASE_URL: upstream.baseUrl,
    OPENAI_API_KEY: 'mock',
    CDSA_EMBEDDING_MODEL: 'offline/hash-384',
    ...(services && {
      DATABASE_URL: services.postgres.applicationUrl,
      DATABASE_OWNER_URL: services.postgres.ownerUrl,
      REDIS_URL: services.redis.url,
    }),
  }
  const start = (): Promise<PlatformProcess> => startPlatformProcess({ dataDir, env })
  let platform = await start()

  const pidsOf = (part: Part): (number | null | undefined)[] => {
    const processes = platform.currentRun()?.processes
    if (part === 'database') return [processes?.database]
    const both = [processes?.api, processes?.worker]
    return part === 'api' ? both.slice(0, 1) : part === 'worker' ? both.slice(1) : [...new Set(both)]
  }
  const running = (part: Part, not: readonly number[] = []): Promise<number[]> =>
    eventually(
      `${part} runs`,
      () => {
        const pids = pidsOf(part).flatMap((pid) => (typeof pid === 'number' && !not.includes(pid) ? [pid] : []))
        return pids.length === pidsOf(part).length ? pids : undefined
      },
      60_000,
    )
  const strike = async (part: Part, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (part === 'redis') return services?.redis.restart()
    if (part === 'database' && services !== undefined) {
      await services.postgres.kill()
      return services.postgres.start()
    }
    const pids = await running(part)
    for (const pid of pids) process.kill(pid, signal)
    await running(part, pids)
  }
  const strikeEverything = async (): Promise<void> => {
    const { supervisor, ...others } = platform.currentRun()?.processes ?? platform.run.processes
    const pids = [supervisor, ...Object.values(others)].filter((pid) => pid !== null)
    for (const pid of new Set(pids)) process.kill(pid, 'SIGKILL')
    await Promise.all([platform.exited, services?.postgres.kill(), services?.redis.kill()])
    await Promise.all([services?.postgres.start(), services?.redis.start()])
    platform = await start()
  }
  const stopAndStart = async (): Promise<number | null> => {
    platform.kill('SIGTERM')
    const code = await platform.exited
    platform = await start()
    return code
  }
  return {
    name: services === undefined ? 'embedded' : 'services',
    newClient: () => eventually('the API answers', () => signUp(platform.run.apiUrl).catch(() => undefined), 60_000),
    content,
    tokens,
    dataDir,
    databaseUrl: () => applicationDatabaseUrl({ ...process.env, ...env }, dataDir),
    strike,
    strikeEverything,
    stopAndStart,
    output: () => platform.output(),
    stop: async () => {
      await platform.stop()
      await upstream.stop()
      await services?.redis.stop()
      await services?.postgres.stop()
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
