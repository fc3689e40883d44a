// Two login roles that take turns: the one that is not in use gets the new password, as a verifier computed here, so that
// the current one goes on working until it is revoked.
import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { AppError } from '../../domain/errors.ts'
import type { PostgresConfig } from '../../domain/vault/rotation-policy.ts'
import { type Login, parseLogin } from './login.ts'
import { type PostgresServer, isLoginRefused, toRotationError, withPostgres } from './postgres-session.ts'
import {
  alterRole,
  endSessionsNamed,
  endSessionsOf,
  findMissingRight,
  tryAlterRole,
  withVerifier,
  withoutLogin,
} from './postgres-statements.ts'
import type { ProbeResult, Rotator, RotatorDependencies } from './rotator.ts'
import { scramVerifier } from './scram-verifier.ts'

const passwordBytes = 32
/** Verifiers, and waiting for a session's end by one call. */
const oldestVersion = 140_000

interface PostgresTarget extends PostgresServer {
  readonly config: PostgresConfig
  readonly administrator: Login
  /** What sessions that write are called, so that they can be found. */
  readonly writerName: string
}

const asAdministrator = <T>(
  target: PostgresTarget,
  work: (client: Client) => Promise<T>,
  applicationName = 'cdsa',
): Promise<T> => withPostgres(target, { login: target.administrator, applicationName }, work)

async function probe(target: PostgresTarget, value: string): Promise<ProbeResult> {
  try {
    const login = parseLogin(value, 'The probed value')
    await withPostgres(target, { login, applicationName: 'cdsa' }, async () => undefined)
    return 'works'
  } catch (error) {
    return isLoginRefused(error) ? 'refused' : 'unreachable'
  }
}

function otherRole({ roles }: PostgresConfig, current: Login): string {
  const other = roles.find((role) => role !== current.username)
  if (roles.includes(current.username) && other !== undefined) return other
  throw new AppError('rotation.preflight_failed', {
    detail: 'The secret’s username is neither of the policy’s two roles.',
  })
}

async function requireSupported(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number }>(
    `select version(), current_setting('server_version_num')::int as number`,
  )
  const { version = '', number = 0 } = rows[0] ?? {}
  if (/emscripten|wasm/i.test(version)) {
    throw new AppError('rotation.unsupported_target', {
      detail: 'The target is PGlite, which checks no passwords. Rotate roles of a Postgres server.',
    })
  }
  if (number >= oldestVersion) return
  throw new AppError('rotation.unsupported_target', { detail: 'The target is older than Postgres 14.' })
}

async function preflight(target: PostgresTarget, current: string): Promise<void> {
  const login = parseLogin(current, 'The secret’s value')
  const other = otherRole(target.config, login)
  if (target.config.roles.includes(target.administrator.username)) {
    throw new AppError('rotation.preflight_failed', { detail: 'The administrator is one of the two roles.' })
  }
  await asAdministrator(target, async (client) => {
    await requireSupported(client)
    await tryAlterRole(client, other)
  }).catch((error: unknown) => {
    if (!isLoginRefused(error)) throw toRotationError(error, 'rotation.preflight_failed')
    throw new AppError('rotation.preflight_failed', { detail: 'The target refuses the administrator’s login.' })
  })
  requireLogin(await probe(target, current))
}

function requireLogin(result: ProbeResult): void {
  if (result === 'unreachable') throw new AppError('rotation.target_unreachable')
  if (result === 'refused')
    throw new AppError('rotation.preflight_failed', { detail: 'The target refuses the secret’s current value.' })
}

async function set(target: PostgresTarget, { pending, confirm }: Parameters<Rotator['set']>[0]): Promise<void> {
  if ((await probe(target, pending)) === 'works') return
  const { username, password } = parseLogin(pending, 'The new value')
  const write = async (client: Client): Promise<void> => {
    await confirm()
    await alterRole(client, username, withVerifier(scramVerifier(password)))
  }
  await asAdministrator(target, write, target.writerName).catch((error: unknown) => {
    throw toRotationError(error, 'rotation.set_refused')
  })
}

async function test(target: PostgresTarget, values: Parameters<Rotator['test']>[0]): Promise<void> {
  const login = parseLogin(values.pending, 'The new value')
  const current = parseLogin(values.current, 'The secret’s value')
  const find = (client: Client) => findMissingRight(client, current.username)
  const missing = await withPostgres(target, { login, applicationName: 'cdsa' }, find).catch((error: unknown) => {
    if (!isLoginRefused(error)) throw toRotationError(error, 'rotation.set_refused')
    throw new AppError('rotation.test_failed', { detail: 'The target refuses the new value.' })
  })
  if (missing === undefined) return
  throw new AppError('rotation.test_failed', {
    detail: `The role ${login.username} lacks a right that ${current.username} has: ${missing}. Grant both roles the same.`,
  })
}

async function revoke(target: PostgresTarget, values: Parameters<Rotator['revoke']>[0]): Promise<void> {
  const old = parseLogin(values.old, 'The old value')
  const current = parseLogin(values.current, 'The current value')
  // The current password has taken the old one's place already where both are of one role.
  if (old.username !== current.username) {
    await asAdministrator(target, async (client) => {
      await alterRole(client, old.username, withoutLogin)
      await endSessionsOf(client, old.username)
    }).catch((error: unknown) => {
      throw toRotationError(error, 'rotation.set_refused')
    })
  }
  const result = await probe(target, values.old)
  if (result === 'unreachable') throw new AppError('rotation.target_unreachable')
  if (result === 'works') throw new AppError('rotation.not_revoked')
}

/** The secret's value and the administrator's are JSON `{username, password}`. Throws `rotation.preflight_failed`. */
export function createPostgresRotator(config: PostgresConfig, dependencies: RotatorDependencies): Rotator {
  const { connect, signal, secretId, credential } = dependencies
  const administrator = parseLogin(credential, 'The administrator’s secret')
  const target = { config, connect, signal, administrator, writerName: `cdsa-rotation-${secretId}` }
  return {
    kind: 'alternating',
    preflight: ({ current }) => preflight(target, current),
    generate: async ({ current }) => {
      const username = otherRole(config, parseLogin(current, 'The secret’s value'))
      return JSON.stringify({ username, password: randomBytes(passwordBytes).toString('base64url') })
    },
    set: (values) => set(target, values),
    fence: () => asAdministrator(target, (client) => endSessionsNamed(client, target.writerName)).catch(unreachable),
    probe: (value) => probe(target, value),
    test: (values) => test(target, values),
    revoke: (values) => revoke(target, values),
  }
}

const unreachable = (): never => {
  throw new AppError('rotation.target_unreachable')
}
