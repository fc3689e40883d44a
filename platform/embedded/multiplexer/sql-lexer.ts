// Finds the first tokens of every statement in an SQL text, as Postgres' scanner would: the policy on statements rests
// on it, so a quote must never hide a statement from it that Postgres sees. Source: PostgreSQL 18, scan.l.
// It holds for `standard_conforming_strings = on` and an ASCII-safe client encoding; the policy keeps both fixed.

const whiteSpace = /[ \t\n\r\f\v]+/y
const lineComment = /--[^\n\r]*/y
const word = /[a-z_\x80-\uffff][\w$\x80-\uffff]*/iy
const number = /\d[\w.]*/y
const parameter = /\$\d+/y
const dollarDelimiter = /\$(?:[a-z_\x80-\uffff][\w\x80-\uffff]*)?\$/iy

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(sql)?.[0]
}

/** The end of the comment that begins at `at`; comments nest. */
function endOfComment(sql: string, at: number): number {
  let depth = 0
  for (let i = at; i < sql.length; i += 1) {
    if (sql.startsWith('/*', i)) {
      depth += 1
      i += 1
    } else if (sql.startsWith('*/', i)) {
      depth -= 1
      i += 1
      if (depth === 0) return i + 1
    }
  }
  return sql.length
}

/** The end of the quoted piece that begins at `at`; a doubled quote stands for itself. */
function endOfQuoted(sql: string, at: number): number {
  const quote = sql.charAt(at)
  let close = sql.indexOf(quote, at + 1)
  while (close !== -1 && sql.charAt(close + 1) === quote) close = sql.indexOf(quote, close + 2)
  return close === -1 ? sql.length : close + 1
}

/** Where a string goes on in the same mode: at a quote after white space with a line break in it. */
function continuationOfString(sql: string, at: number): number | undefined {
  let end = at
  for (;;) {
    const gap = matchAt(whiteSpace, sql, end) ?? matchAt(lineComment, sql, end)
    if (gap === undefined) break
    end += gap.length
  }
  return sql.charAt(end) === "'" && /[\n\r]/.test(sql.slice(at, end)) ? end : undefined
}

/** The end of an E'…' string whose quote is at `at`. */
function endOfEscapeString(sql: string, at: number): number {
  for (let i = at + 1; i < sql.length; i += 1) {
    const character = sql.charAt(i)
    if (character === '\\') i += 1
    else if (character === "'") {
      if (sql.charAt(i + 1) === "'") {
        i += 1
        continue
      }
      const next = continuationOfString(sql, i + 1)
      if (next === undefined) return i + 1
      i = next
    }
  }
  return sql.length
}

function endOfDollarQuoted(sql: string, at: number, delimiter: string): number {
  const close = sql.indexOf(delimiter, at + delimiter.length)
  return close === -1 ? sql.length : close + delimiter.length
}

/** The end of the token at `at`, which is neither white space nor a comment. */
function endOfToken(sql: string, at: number): number {
  const character = sql.charAt(at)
  if (character === "'" || character === '"') return endOfQuoted(sql, at)
  if (character === '$') {
    const delimiter = matchAt(dollarDelimiter, sql, at)
    if (delimiter !== undefined) return endOfDollarQuoted(sql, at, delimiter)
    return at + (matchAt(parameter, sql, at) ?? character).length
  }
  if ((character === 'e' || character === 'E') && sql.charAt(at + 1) === "'") return endOfEscapeString(sql, at + 1)
  return at + (matchAt(word, sql, at) ?? matchAt(number, sql, at) ?? character).length
}

function* tokens(sql: string): Generator<string> {
  let at = 0
  while (at < sql.length) {
    const gap = matchAt(whiteSpace, sql, at) ?? matchAt(lineComment, sql, at)
    if (gap !== undefined) at += gap.length
    else if (sql.startsWith('/*', at)) at = endOfComment(sql, at)
    else {
      const end = endOfToken(sql, at)
      const text = sql.slice(at, end)
      yield /^[a-z_]/i.test(text) ? text.toLowerCase() : text
      at = end
    }
  }
}

/**
 * The first `length` tokens of each statement of `sql`, empty statements left out: words in lower case, quoted names
 * and strings as they stand, any other character alone.
 */
export function statementHeads(sql: string, length = 10): string[][] {
  const heads: string[][] = []
  let head: string[] = []
  for (const token of tokens(sql)) {
    if (token === ';') {
      if (head.length > 0) heads.push(head)
      head = []
    } else if (head.length < length) head.push(token)
  }
  return head.length > 0 ? [...heads, head] : heads
}
