// The Temporal CLI for tests, found or made as the platform does it, once before the first test: building it takes
// minutes, which no test's time limit should have to allow for.
import { resolveTemporalCli } from '../../platform/embedded/temporal-cli.ts'

let resolved: Promise<string> | undefined

export function testTemporalCli(): Promise<string> {
  resolved ??= resolveTemporalCli({
    cliPath: process.env['TEMPORAL_CLI_PATH'],
    environment: process.env,
    progress: (line) => process.stdout.write(`${line}\n`),
  })
  return resolved
}

export async function mochaGlobalSetup(): Promise<void> {
  await testTemporalCli()
}
