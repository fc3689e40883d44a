// A real logger that writes to memory: what was logged, and above all what wasn't.
// It uses the project's own error serializer, so that a test sees the lines an operator would see.
import { pino } from 'pino'
import { describeError, type Logger } from '../../platform/logger.ts'

export interface CapturedLog {
  readonly log: Logger
  /** One JSON text a line. */
  readonly lines: readonly string[]
  /** The lines with this message. */
  withMessage(part: string): readonly string[]
}

export function captureLog(): CapturedLog {
  const lines: string[] = []
  const log = pino(
    { level: 'trace', base: {}, serializers: { err: describeError } },
    { write: (line: string) => void lines.push(line) },
  )
  return { log, lines, withMessage: (part) => lines.filter((line) => line.includes(part)) }
}
