// A user of Redis or Valkey with two passwords at once, by their hashes: the server never sees the new password but in
// its own login. What is set is saved to the ACL file, or a restart would bring the old password back.
import { createHash, randomBytes } from 'node:crypto'
import { AppError } from '../../domain/errors.ts'
import type { RedisAclConfig } from '../../domain/vault/rotation-policy.ts'
import { type Login, parseLogin } from './login.ts'
import { RedisRefusal, type RedisServer, type RedisSession, withRedis } from './redis-session.ts'
import type { ProbeResult, Rotator, RotatorDependencies } from './rotator.ts'

const passwordBytes = 32

interface RedisTarget extends RedisServer {
  readonly administrator: Login
  /** What connections that write are called, so that they can be found. */
  readonly writerName: string
}

const asAdministrator = <T>(target: RedisTarget, work: (session: RedisSession) => Promise<T>): Promise<T> =>
  withRedis(target, target.administrator, work)

const hashOf = (password: string): string => createHash('sha256').update(password).digest('hex')

type FailureCode = 'rotation.preflight_failed' | 'rotation.set_refused'

/** Passes our own errors on; the server's refusals get a code of ours and keep theirs in the detail. */
const refusedAs =
  (code: FailureCode) =>
  (error: unknown): never => {
    if (!(error instanceof RedisRefusal)) throw error
    throw new AppError(code, { detail: `Redis answered with ${error.code} to the administrator.` })
  }

async function probe(target: RedisTarget, password: string): Promise<ProbeResult> {
  try {
    await withRedis(target, { username: target.config.username, password }, async () => undefined)
    return 'works'
  } catch (error) {
    return error instanceof RedisRefusal && error.code === 'WRONGPASS' ? 'refused' : 'unreachable'
  }
}

/** Without a file `ACL SAVE` fails; without the right to ask, it is left to that. */
async function requireAclFile(session: RedisSession): Promise<void> {
  const answer = await session.call('CONFIG', 'GET', 'aclfile').catch((error: unknown) => {
    if (error instanceof RedisRefusal) return ['aclfile', 'unknown']
    throw error
  })
  if (Array.isArray(answer) && answer[1] !== '') return
  throw new AppError('rotation.preflight_failed', {
    detail: 'The target has no ACL file, so that a restart would bring the old password back. Set aclfile.',
  })
}

async function requireUser(session: RedisSession, username: string): Promise<void> {
  const user = await session.call('ACL', 'GETUSER', username)
  if (!Array.isArray(user))
    throw new AppError('rotation.preflight_failed', { detail: `The target has no user ${username}.` })
  const flags: unknown = user[user.indexOf('flags') + 1]
  if (!Array.isArray(flags) || !flags.includes('nopass')) return
  throw new AppError('rotation.preflight_failed', { detail: `The user ${username} gets in without a password.` })
}

async function preflight(target: RedisTarget, current: string): Promise<void> {
  const { username } = target.config
  if (username === target.administrator.username)
    throw new AppError('rotation.preflight_failed', { detail: 'The administrator is the user whose password rotates.' })
  await asAdministrator(target, async (session) => {
    await requireAclFile(session)
    await requireUser(session, username)
  }).catch(refusedAs('rotation.preflight_failed'))
  const result = await probe(target, current)
  if (result === 'unreachable') throw new AppError('rotation.target_unreachable')
  if (result === 'refused')
    throw new AppError('rotation.preflight_failed', { detail: 'The target refuses the secret’s current value.' })
}

async function set(target: RedisTarget, { pending, confirm }: Parameters<Rotator['set']>[0]): Promise<void> {
  await asAdministrator(target, async (session) => {
    await session.call('CLIENT', 'SETNAME', target.writerName)
    await confirm()
    // Both again on a repeat: the first attempt may have ended between them.
    await session.call('ACL', 'SETUSER', target.config.username, `#${hashOf(pending)}`)
    await session.call('ACL', 'SAVE')
  }).catch(refusedAs('rotation.set_refused'))
}

async function test(target: RedisTarget, pending: string): Promise<void> {
  const { username } = target.config
  try {
    const name = await withRedis(target, { username, password: pending }, whoAmI)
    if (name === undefined || name === username) return
  } catch (error) {
    if (!(error instanceof RedisRefusal)) throw error
  }
  throw new AppError('rotation.test_failed', { detail: 'The target refuses the new value.' })
}

/** Undefined when the user may not ask: it has logged in all the same. */
const whoAmI = (session: RedisSession): Promise<unknown> =>
  session.call('ACL', 'WHOAMI').catch((error: unknown) => {
    if (error instanceof RedisRefusal && error.code === 'NOPERM') return undefined
    throw error
  })

async function revoke(target: RedisTarget, { old, current }: Parameters<Rotator['revoke']>[0]): Promise<void> {
  const { username } = target.config
  if (old === current) throw new AppError('rotation.not_revoked')
  await asAdministrator(target, async (session) => {
    // An error, when an earlier attempt has removed it already: the probe below tells.
    await session.call('ACL', 'SETUSER', username, `!${hashOf(old)}`).catch((error: unknown) => {
      if (!(error instanceof RedisRefusal) || error.code !== 'ERR') throw error
    })
    await session.call('ACL', 'SAVE')
    await session.call('CLIENT', 'KILL', 'USER', username)
  }).catch(refusedAs('rotation.set_refused'))
  const result = await probe(target, old)
  if (result === 'unreachable') throw new AppError('rotation.target_unreachable')
  if (result === 'works') throw new AppError('rotation.not_revoked')
}

/** Lines of `CLIENT LIST`: `id=3 addr=… name=…`. */
async function endWriters(target: RedisTarget): Promise<void> {
  await asAdministrator(target, async (session) => {
    const list = String(await session.call('CLIENT', 'LIST'))
    const writers = list.split('\n').filter((line) => line.includes(` name=${target.writerName} `))
    for (const line of writers) await session.call('CLIENT', 'KILL', 'ID', /^id=(\d+)/.exec(line)?.[1] ?? '0')
  }).catch(refusedAs('rotation.set_refused'))
}

/** The secret's value is the password; the administrator's is JSON `{username, password}`. Throws `rotation.preflight_failed`. */
export function createRedisAclRotator(config: RedisAclConfig, dependencies: RotatorDependencies): Rotator {
  const { connect, signal, secretId, credential } = dependencies
  const administrator = parseLogin(credential, 'The administrator’s secret')
  const target = { config, connect, signal, administrator, writerName: `cdsa-rotation-${secretId}` }
  return {
    kind: 'alternating',
    preflight: ({ current }) => preflight(target, current),
    generate: async () => randomBytes(passwordBytes).toString('base64url'),
    set: (values) => set(target, values),
    fence: () => endWriters(target),
    probe: (value) => probe(target, value),
    test: ({ pending }) => test(target, pending),
    revoke: (values) => revoke(target, values),
  }
}
