// Structured logs. Errors are logged as {code, detail, stack} alone: foreign error objects carry plaintext
// (body-parser's body, ioredis' command arguments, Sequelize's parameters), so they never reach a serializer whole.
import { type Logger, pino } from 'pino'
import { AppError } from '../domain/errors.ts'

export type { Logger } from 'pino'

const redacted = [
  'authorization',
  'cookie',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'secret',
  'value',
]

/** The loggable part of any error: the stack's frames without its first line, which may quote input. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { code: 'internal', name: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  if (error instanceof AppError) return { code: error.code, detail: error.detail, stack: frames.slice(0, 12), ...cause }
  const systemCode = (error as { code?: unknown }).code
  return {
    name: error.name,
    ...(typeof systemCode === 'string' ? { code: systemCode } : {}),
    stack: frames.slice(0, 12),
    ...cause,
  }
}

export function createLogger(options: { readonly level: string; readonly name?: string }): Logger {
  return pino({
    level: options.level,
    base: options.name === undefined ? {} : { process: options.name },
    redact: { paths: redacted.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    serializers: { err: describeError, error: describeError },
  })
}
