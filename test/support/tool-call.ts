// One call of a tool for tests: secrets of the test's own, each for the destinations that it names, and a record of what
// was asked for.
import { AppError } from '../../domain/errors.ts'
import { originOf } from '../../domain/vault/origin.ts'
import type { ToolCallContext } from '../../platform/tools/tool-runner.ts'
import { SecretValue } from '../../platform/secret-value.ts'

export interface TestSecret {
  readonly value: string
  readonly destinations: readonly string[]
}

export interface TestCall extends ToolCallContext {
  /** `reference destination` of each time a secret was asked for. */
  readonly resolved: string[]
}

export function testCall(
  given: Partial<ToolCallContext> & { readonly secrets?: Readonly<Record<string, TestSecret>> } = {},
): TestCall {
  const { secrets = {}, ...rest } = given
  const resolved: string[] = []
  return {
    executionId: '01890000-0000-7000-8000-00000000000a',
    userId: '01890000-0000-7000-8000-00000000000b',
    signal: new AbortController().signal,
    config: {},
    resolved,
    resolveSecret: async (reference, destination) => {
      resolved.push(`${reference} ${destination}`)
      const secret = secrets[reference]
      if (secret === undefined) throw new AppError('secret.no_value')
      if (!secret.destinations.includes(originOf(destination) ?? '')) throw new AppError('secret.destination_refused')
      return new SecretValue(secret.value)
    },
    ...rest,
  }
}
