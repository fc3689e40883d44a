// What a failed query is to a model. Of the server's words only those about the query's own text are passed on, which a
// model needs to mend it: other messages quote values of the database.
import { DatabaseError } from 'pg'
import { AppError } from '../../domain/errors.ts'
import { sqlState } from '../rotators/postgres-session.ts'

/** SQLSTATE class 42: names, syntax, types and rights. */
const aboutTheText = '42'
const shownLength = 300

const known: Readonly<Record<string, string>> = {
  '25006': 'The query would write; this tool only reads.',
  '22P02': 'A value hasn’t the form of the type that it is read as (SQLSTATE 22P02).',
  '22012': 'The query divides by zero (SQLSTATE 22012).',
  '28P01': 'The database refuses the tool’s login.',
  '28000': 'The database refuses the tool’s login.',
  '3D000': 'The database that the DSN names doesn’t exist.',
}

const textError = ({ message, code = '' }: DatabaseError): string =>
  `Postgres refuses the query (SQLSTATE ${code}): ${message.slice(0, shownLength)}.`

/** An error of a connection or of the server: ours as it is. */
export function toQueryFailure(error: unknown, { statementMs }: { readonly statementMs: number }): AppError {
  if (error instanceof AppError) return error
  const code = sqlState(error)
  if (code === undefined || /^(08|53|57P|58)/.test(code))
    return new AppError('egress.failed', { detail: 'The database can’t be reached, or the connection to it was lost.' })
  const failed = (detail: string): AppError => new AppError('tool.failed', { detail })
  if (code === '57014') return failed(`The query took longer than ${statementMs} ms.`)
  const detail = known[code]
  if (detail !== undefined) return failed(detail)
  if (code.startsWith(aboutTheText) && error instanceof DatabaseError) return failed(textError(error))
  return failed(`Postgres answered with the error ${code}.`)
}
