// A platform for a benchmark: started as people start it, on what the benchmark gives it and nothing of the environment.
import { type PlatformProcess, startPlatformProcess } from '../test/support/platform-process.ts'
import type { BenchmarkContext } from './benchmark.ts'

/** Empty means not set: figures must not depend on who runs the command. */
const noServices = { DATABASE_URL: '', DATABASE_OWNER_URL: '', REDIS_URL: '', TEMPORAL_ADDRESS: '' }
const noProviders = { OPENAI_API_KEY: '', OPENAI_BASE_URL: '', CDSA_DEFAULT_MODEL: '', CDSA_EMBEDDING_MODEL: '' }

export const plainEnvironment = { ...noServices, ...noProviders }

export async function startBenchPlatform(
  { defer }: BenchmarkContext,
  env: Readonly<Record<string, string>>,
): Promise<PlatformProcess> {
  const platform = await startPlatformProcess({ env: { ...plainEnvironment, ...env } })
  defer(() => platform.stop())
  return platform
}
