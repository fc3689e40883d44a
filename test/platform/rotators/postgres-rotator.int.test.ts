// The alternating roles on a real Postgres 17 that logs every statement, and the refusal where there is no such server.
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { expect } from 'chai'
import { Client, escapeLiteral } from 'pg'
import type { PostgresConfig } from '../../../domain/vault/rotation-policy.ts'
import { createPostgresRotator } from '../../../platform/rotators/postgres-rotator.ts'
import type { Rotator, RotatorDependencies } from '../../../platform/rotators/rotator.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { findDebianRoot } from '../../support/debian-root.ts'
import { startTestPostgres } from '../../support/embedded-postgres.ts'
import { eventually } from '../../support/eventually.ts'
import { type TestPostgres, startPostgres } from '../../support/postgres.ts'
import { rotatorDependencies } from '../../support/rotator-target.ts'

const confirm = async (): Promise<void> => undefined
const firstPassword = 'first-password'
const roles = ['app "one"', 'app_two'] as const
const administrator = { username: 'rotation_admin', password: 'admin-password' }
const current = JSON.stringify({ username: roles[0], password: firstPassword })

describe('the postgres rotator on a real server', function () {
  this.timeout(120_000)
  let postgres: TestPostgres
  let superuser: Client

  before(async function () {
    const root = await findDebianRoot()
    if (root === undefined) this.skip()
    // Everything that the server can be told to log by itself.
    const logging = { log_statement: 'all', log_min_duration_statement: '0', log_min_error_statement: 'debug5' }
    const collector = { logging_collector: 'on', log_directory: 'log', log_filename: 'server.log' }
    postgres = await startPostgres({ root, settings: { fsync: 'off', ...logging, ...collector } })
    superuser = new Client({ connectionString: postgres.superuserUrl })
    superuser.on('error', () => undefined)
    await superuser.connect()
    await superuser.query(`create role rotation_admin login createrole password 'admin-password'`)
    for (const setting of ['log_statement', 'log_min_duration_statement', 'log_min_error_statement'])
      await superuser.query(`grant set on parameter ${setting} to rotation_admin`)
  })
  after(async () => {
    await superuser?.end()
    await postgres?.stop()
  })
  beforeEach(async () => {
    for (const role of roles) {
      const name = `"${role.replaceAll('"', '""')}"`
      await superuser.query(`drop role if exists ${name}`)
      await superuser.query(`create role ${name} login password ${escapeLiteral(firstPassword)}`)
      await superuser.query(`grant ${name} to rotation_admin with admin option`)
    }
  })

  const config = (): PostgresConfig => {
    const { hostname, port } = new URL(postgres.superuserUrl)
    return {
      host: hostname,
      port: Number(port),
      database: 'postgres',
      tls: false,
      roles: [...roles],
      administrator: 'secret://admin',
    }
  }
  const open = (given: Partial<RotatorDependencies> = {}, changed: Partial<PostgresConfig> = {}): Rotator =>
    createPostgresRotator(
      { ...config(), ...changed },
      rotatorDependencies({ credential: JSON.stringify(administrator), ...given }),
    )
  /** What the server has logged until now. Its collector writes later than a statement ends, but in the order of all of them. */
  const serverLog = async (): Promise<string> => {
    const mark = `mark ${randomUUID()}`
    await superuser.query(`select '${mark}'`)
    return await eventually('the mark in the log', async () => {
      const { rows } = await superuser.query<{ log: string }>(`select pg_read_file('log/server.log') as log`)
      return rows.map(({ log }) => log).find((log) => log.includes(mark))
    })
  }
  const verifierOf = async (role: string): Promise<string | null> => {
    const { rows } = await superuser.query('select rolpassword from pg_authid where rolname = $1', [role])
    return rows[0]?.rolpassword
  }

  it('[V21] leaves neither the new password nor its verifier in a log of every statement', async () => {
    const rotator = open()
    await rotator.preflight({ current })
    const pending = await rotator.generate({ current })
    await rotator.set({ current, pending, confirm })
    await rotator.test({ current, pending })
    const verifier = await verifierOf('app_two')
    const log = await serverLog()
    // The log does hold what is not hidden: the session of the test itself, and the rotator's own statements.
    expect(log).to.include('select rolpassword from pg_authid').and.include('select current_setting($1, true)')
    expect(verifier).to.match(/^SCRAM-SHA-256\$/)
    for (const part of String(verifier).split(/[$:]/).slice(2)) expect(log).not.to.include(part)
    expect(log).not.to.include(JSON.parse(pending).password)
    expect(log).not.to.match(/alter role "?app/i)
  })

  it('leaves nothing in the log when the server refuses the statement', async () => {
    const rotator = open()
    const pending = await rotator.generate({ current })
    const mark = (await serverLog()).length
    await superuser.query('revoke app_two from rotation_admin')
    const error = await appErrorOf(rotator.set({ current, pending, confirm }))
    expect(error.code).to.equal('rotation.set_refused')
    expect(error.detail).to.equal('Postgres answered with the error 42501.')
    expect((await serverLog()).slice(mark)).not.to.include('SCRAM-SHA-256$')
  })

  it('[V23] keeps the old one working until it is revoked, and refused from then on', async () => {
    const rotator = open()
    const pending = await rotator.generate({ current })
    expect(await rotator.probe(pending)).to.equal('refused')
    await rotator.set({ current, pending, confirm })
    expect([await rotator.probe(current), await rotator.probe(pending)]).to.deep.equal(['works', 'works'])
    const { username, password } = JSON.parse(current)
    const session = new Client({ ...config(), user: username, password, ssl: false })
    const ended = new Promise<void>((resolve) => session.on('error', () => resolve()))
    await session.connect()
    await rotator.revoke({ old: current, current: pending })
    await ended
    expect([await rotator.probe(current), await rotator.probe(pending)]).to.deep.equal(['refused', 'works'])
    await rotator.revoke({ old: current, current: pending })
  })

  it('takes turns: the role that was revoked is the next one', async () => {
    const rotator = open()
    const second = await rotator.generate({ current })
    await rotator.set({ current, pending: second, confirm })
    await rotator.revoke({ old: current, current: second })
    const third = await rotator.generate({ current: second })
    expect(JSON.parse(third).username).to.equal(roles[0])
    await rotator.preflight({ current: second })
    await rotator.set({ current: second, pending: third, confirm })
    await rotator.test({ current: second, pending: third })
    expect(await rotator.probe(third)).to.equal('works')
  })

  it('sets once: a repeat finds that the value works, and changes nothing', async () => {
    const rotator = open()
    const pending = await rotator.generate({ current })
    await rotator.set({ current, pending, confirm })
    const verifier = await verifierOf('app_two')
    await rotator.set({ current, pending, confirm: () => Promise.reject(new Error('It must not write again.')) })
    expect(await verifierOf('app_two')).to.equal(verifier)
  })

  it('finds that the new role lacks a right of the current one', async () => {
    await superuser.query('create table if not exists invoices (id int)')
    await superuser.query('grant select on invoices to "app ""one"""')
    const rotator = open()
    const pending = await rotator.generate({ current })
    await rotator.set({ current, pending, confirm })
    const error = await appErrorOf(rotator.test({ current, pending }))
    expect(error.code).to.equal('rotation.test_failed')
    expect(error.detail).to.include('SELECT on public.invoices')
    await superuser.query('grant select on invoices to app_two')
    await rotator.test({ current, pending })
    await superuser.query('drop table invoices')
  })

  it('cuts off a writer that was held up, so that nothing of it lands later', async () => {
    const secretId = '01890000-0000-7000-8000-000000000001'
    const rotator = open({ secretId })
    const pending = await rotator.generate({ current })
    let arrived = (): void => undefined
    let go = (): void => undefined
    const standing = new Promise<void>((resolve) => (arrived = resolve))
    const allowed = new Promise<void>((resolve) => (go = resolve))
    const writing = appErrorOf(
      rotator.set({
        current,
        pending,
        confirm: () => {
          arrived()
          return allowed
        },
      }),
    )
    await standing
    await open({ secretId }).fence()
    go()
    expect((await writing).code).to.equal('rotation.target_unreachable')
    expect(await rotator.probe(pending)).to.equal('refused')
  })

  it('[V20] refuses before it touches anything', async () => {
    const before = await verifierOf('app_two')
    const cases: readonly (readonly [Rotator, string, string])[] = [
      [
        open(),
        JSON.stringify({ username: roles[0], password: 'wrong' }),
        'The target refuses the secret’s current value.',
      ],
      [open(), JSON.stringify({ username: 'postgres', password: 'x' }), 'The secret’s username is neither of'],
      [open(), 'no JSON', 'The secret’s value isn’t JSON'],
      [open({ credential: JSON.stringify({ ...administrator, password: 'x' }) }), current, 'the administrator’s login'],
      [open({}, { roles: [roles[0], 'rotation_admin'] }), current, 'The administrator is one of the two roles.'],
      [open({}, { roles: [roles[0], 'nobody'] }), current, 'Postgres answered with the error 42704.'],
    ]
    for (const [rotator, value, detail] of cases) {
      const error = await appErrorOf(rotator.preflight({ current: value }))
      expect(error.code).to.equal('rotation.preflight_failed')
      expect(error.detail).to.include(detail)
    }
    expect(await verifierOf('app_two')).to.equal(before)
  })

  it('refuses a server that logs statements when it may not turn that off', async () => {
    await superuser.query('revoke set on parameter log_statement from rotation_admin')
    const error = await appErrorOf(open().preflight({ current }))
    await superuser.query('grant set on parameter log_statement to rotation_admin')
    expect(error.code).to.equal('rotation.preflight_failed')
    expect(error.detail).to.include('GRANT SET ON PARAMETER log_statement')
  })

  it('calls a server that is away unreachable, never refused', async () => {
    const rotator = open({}, { port: 1 })
    expect(await rotator.probe(current)).to.equal('unreachable')
    expect((await appErrorOf(rotator.preflight({ current }))).code).to.equal('rotation.target_unreachable')
    expect((await appErrorOf(rotator.fence())).code).to.equal('rotation.target_unreachable')
  })
})

describe('the postgres rotator on the embedded database', function () {
  this.timeout(60_000)

  it('says that this target can’t be rotated', async () => {
    const embedded = await startTestPostgres()
    try {
      const url = new URL(embedded.database.ownerUrl)
      const socketPath = `${url.searchParams.get('host')}/.s.PGSQL.${url.searchParams.get('port') ?? '5432'}`
      const config = {
        host: 'localhost',
        port: 5_432,
        database: 'postgres',
        tls: false,
        roles: [...roles],
        administrator: 'secret://admin',
      }
      const credential = JSON.stringify({ username: 'cdsa_owner', password: 'any' })
      const toSocket = async () => connect(socketPath)
      const rotator = createPostgresRotator(config, rotatorDependencies({ credential, connect: toSocket }))
      const error = await appErrorOf(rotator.preflight({ current }))
      expect(error.code).to.equal('rotation.unsupported_target')
      expect(error.detail).to.include('PGlite')
    } finally {
      await embedded.stop()
    }
  })
})
