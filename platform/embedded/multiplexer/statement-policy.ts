// Which statements one shared Postgres session can't offer to its many clients, and what they are told instead.
// Roles are kept by Postgres itself; only SET SESSION AUTHORIZATION, which it grants to a session that began as
// superuser, must be stopped here (decision 003).
import { statementHeads } from './sql-lexer.ts'

/** A quick look that spares nearly all statements the lexer: no policy applies to a text without these words. */
const suspicious = /\b(?:copy|deallocate|discard|listen|prepare|reset|set|unlisten)\b/i

/**
 * Not even one transaction may change them: the encoding (which SET NAMES sets as well) and the string syntax decide how
 * the lexer must read, and the last one is the user.
 */
const fixedParameters = new Set(['client_encoding', 'names', 'standard_conforming_strings', 'session_authorization'])

/** What drivers send when they connect: the same for every client, so that sharing it changes nothing. */
const uniformSettings: readonly RegExp[] = [
  /^set standard_conforming_strings (?:=|to) '?on'?$/,
  /^set client_min_messages (?:=|to) '?warning'?$/,
  /^set client_encoding (?:=|to) '?utf-?8'?$/,
  /^set time zone interval '\+00:00' hour to minute$/,
  /^set (?:time zone|timezone (?:=|to)) '?(?:utc|etc\/utc)'?$/,
]

const reasons = {
  copy: 'COPY isn’t available on the embedded database: insert from unnest() instead',
  listen: 'LISTEN isn’t available on the embedded database',
  prepared: 'PREPARE and DEALLOCATE aren’t available on the embedded database: use the protocol’s prepared statements',
  session: 'Sessions are shared on the embedded database: use SET LOCAL in a transaction',
  fixed: 'The session’s user, encoding and string syntax are fixed on the embedded database',
} as const

const refusedVerbs = new Map<string, string>([
  ['copy', reasons.copy],
  ['deallocate', reasons.prepared],
  ['discard', reasons.session],
  ['listen', reasons.listen],
  ['prepare', reasons.prepared],
  ['reset', reasons.session],
  ['unlisten', reasons.listen],
])

function reasonAgainstSet(head: readonly string[]): string | undefined {
  const [, scope, name = '', next] = head
  if (scope === 'transaction' || scope === 'constraints') return undefined
  if (scope !== 'local') {
    const text = head.join(' ').toLowerCase()
    return uniformSettings.some((setting) => setting.test(text)) ? undefined : reasons.session
  }
  // A Unicode-escaped name could spell anything.
  const isFixed =
    fixedParameters.has(name.replaceAll('"', '').toLowerCase()) ||
    (name === 'session' && next === 'authorization') ||
    (name === 'u' && next === '&')
  return isFixed ? reasons.fixed : undefined
}

function reasonAgainst(head: readonly string[]): string | undefined {
  const [verb = ''] = head
  if (verb === 'set') return reasonAgainstSet(head)
  return refusedVerbs.get(verb)
}

/** Why `sql` (one or more statements) isn't run, or undefined when it is. */
export function refusalOf(sql: string): string | undefined {
  if (!suspicious.test(sql)) return undefined
  for (const head of statementHeads(sql)) {
    const reason = reasonAgainst(head)
    if (reason !== undefined) return reason
  }
  return undefined
}

/**
 * A statement that fails with `reason` and SQLSTATE 0A000. It takes the refused one's place, so that transactions and
 * pipelines go on exactly as after any other failure. The function is made with the roles (embedded-roles.ts).
 */
export function refusingStatement(reason: string): string {
  return `select embedded.refuse('${reason.replaceAll("'", "''")}')`
}
