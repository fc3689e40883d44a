// What one session that all share can't offer is refused; what ordinary drivers and transactions send is not.
import { expect } from 'chai'
import { refusalOf, refusingStatement } from '../../../../platform/embedded/multiplexer/statement-policy.ts'

describe('refusalOf', () => {
  const allowed = [
    'select 1',
    'update users set name = $1',
    'insert into t values (1) on conflict do update set a = 1',
    'begin; set local lock_timeout = 5; commit',
    "set local app.user_id = 'x'",
    'set local role reader',
    'set local hnsw.ef_search = 100',
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'set constraints all deferred',
    "set local time zone 'UTC'",
    "select 'set session authorization x; copy t from stdin'",
    'notify c',
    // What Sequelize and pg send when they connect.
    "SET client_min_messages TO warning;SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE;",
    'SET standard_conforming_strings=on;SET client_min_messages TO warning;',
    "set client_encoding to 'UTF8'",
    "SET TIME ZONE 'UTC'",
  ]
  for (const sql of allowed) {
    it(`allows ${sql}`, () => {
      expect(refusalOf(sql)).to.equal(undefined)
    })
  }

  const refused = [
    'set app.user_id = 1',
    "SET TIME ZONE 'Asia/Tokyo'",
    'set standard_conforming_strings = off',
    'set session characteristics as transaction read only',
    'set role postgres',
    'reset role',
    'reset all',
    'discard all',
    'set session authorization postgres',
    'set local session authorization postgres',
    'set session session authorization default',
    "set local session_authorization = 'postgres'",
    'set local "session_authorization" = postgres',
    'set local U&"session\\005fauthorization" = postgres',
    'set local standard_conforming_strings = off',
    "set local client_encoding = 'SJIS'",
    "set local names 'SJIS'",
    '/* x */ set/**/session authorization postgres',
    'select 1; set session authorization postgres',
    "select e'\\'; '; set session authorization postgres",
    'copy t from stdin',
    'COPY (select 1) TO STDOUT',
    'listen c',
    'unlisten *',
    'prepare p as select 1',
    'deallocate all',
  ]
  for (const sql of refused) {
    it(`refuses ${sql}`, () => {
      expect(refusalOf(sql)).to.match(/embedded database/)
    })
  }

  it('puts a quoted reason into the statement that takes the place of the refused one', () => {
    expect(refusingStatement("it's")).to.equal("select embedded.refuse('it''s')")
  })
})
