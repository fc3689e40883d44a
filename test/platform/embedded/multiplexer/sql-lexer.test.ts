// Every case is one where a simpler reader would see a statement that isn't there, or miss one that is.
import { expect } from 'chai'
import { statementHeads } from '../../../../platform/embedded/multiplexer/sql-lexer.ts'

const verbs = (sql: string): (string | undefined)[] => statementHeads(sql).map(([verb]) => verb)

describe('statementHeads', () => {
  it('splits statements and lowers words', () => {
    expect(statementHeads(`SELECT 1; Set Local a.B TO 'X';;  `)).to.deep.equal([
      ['select', '1'],
      ['set', 'local', 'a', '.', 'b', 'to', `'X'`],
    ])
  })

  it('keeps the first tokens of a statement only', () => {
    expect(statementHeads('select a, b, c from d', 3)).to.deep.equal([['select', 'a', ',']])
  })

  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['line comments', 'select 1 -- ; set x\n; reset x', ['select', 'reset']],
    ['a line comment that a carriage return ends', 'select 1 -- x\r; reset x', ['select', 'reset']],
    ['comments that nest', '/* a /* b */ ; set x */ reset x', ['reset']],
    ['a comment that never ends', 'select 1 /* ; set x', ['select']],
    ['a comment within a statement', 'se/**/lect 1; set/* */x', ['se', 'set']],
    ['strings', `select ';set x'; reset x`, ['select', 'reset']],
    ['doubled quotes', `select 'it''s; set x'; reset x`, ['select', 'reset']],
    ['a backslash, which escapes nothing', `select '\\'; reset x --'`, ['select', 'reset']],
    ['escape strings', `select E'\\'; set x'; reset x`, ['select', 'reset']],
    ['a doubled quote in an escape string', `select e'''\\'; set x'; reset x`, ['select', 'reset']],
    ['an escaped backslash', `select e'\\\\'; reset x`, ['select', 'reset']],
    ['a name that ends with e before a string', `select some'\\'; reset x --'`, ['select', 'reset']],
    ['an escape string that goes on after a line break', `select e'a'\n '\\'; set x'; reset x`, ['select', 'reset']],
    ['one that goes on after a comment', `select e'a' -- '\n'\\'; set x'; reset x`, ['select', 'reset']],
    ['one that does not go on without a line break', `select e'a' '\\'; reset x --'`, ['select', 'reset']],
    ['one that does not go on after a block comment', `select e'a'\n/**/'\\'; reset x --'`, ['select', 'reset']],
    ['quoted names', `select "a;set x""'"; reset x`, ['select', 'reset']],
    ['dollar quotes', 'select $$; set x $a$ ; $$; reset x', ['select', 'reset']],
    ['tagged dollar quotes', 'select $a$; set x $$ $b$a$; reset x', ['select', 'reset']],
    ['parameters, which open no quote', 'select $1, $2; reset x', ['select', 'reset']],
    ['a name with dollars, which opens no quote', 'select a$$; reset x --$$', ['select', 'reset']],
    ['text outside ASCII', 'select é$ü$; reset x --$ü$', ['select', 'reset']],
    ['a dollar tag outside ASCII', 'select $ü$; set x $ü$; reset x', ['select', 'reset']],
    ['a string that never ends', `select 1; reset x; select '; set x`, ['select', 'reset', 'select']],
    ['a backslash at the very end', `select e'\\`, ['select']],
  ]
  for (const [what, sql, expected] of cases) {
    it(`reads ${what}`, () => {
      expect(verbs(sql)).to.deep.equal(expected)
    })
  }

  it('reads a long text in a short time, whatever is in it', () => {
    const long = `${' \n'.repeat(50_000)}${"''".repeat(50_000)}${'-- -- --'.repeat(50_000)}`
    expect(verbs(`select e'a'${long}`)).to.deep.equal(['select'])
  })
})
