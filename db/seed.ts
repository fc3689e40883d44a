// What a database needs before anybody can use it: permissions, built-in roles, and a first administrator. It runs at
// every start after the migrations; of many instances that start at once exactly one makes each thing.
import { randomBytes } from 'node:crypto'
import { permissionCatalog, permissions, roleSeeds } from '../domain/auth/permission.ts'
import { emailSchema, maxPasswordLength, minPasswordLength, newPasswordSchema } from '../domain/auth/user.ts'
import { AppError } from '../domain/errors.ts'
import { lockFor } from './advisory-locks.ts'
import { administratorRole } from './auth/roles.ts'
import { createUser } from './auth/users.ts'
import { appendAuditEvent } from './audit/events.ts'
import type { Db } from './database.ts'
import { newId } from './ids.ts'

const defaultAdministratorEmail = 'admin@cdsa.localhost'
const generatedPasswordBytes = 18

export interface SeedOptions {
  /** The first administrator: `admin@cdsa.localhost` and a generated password unless given. */
  readonly admin: {
    readonly email?: string | undefined
    readonly password?: { reveal(): string } | undefined
  }
  readonly passwords: { hash(password: string): Promise<{ readonly hash: string; readonly pepperId: string }> }
}

export interface Seeded {
  /** Only when this call made the administrator and its password, which is stored nowhere: show it once. */
  readonly administrator?: { readonly email: string; readonly password: string }
}

/** `db` connects as the tables' owner. Throws `request.invalid` when the given address or password can't be used. */
export async function seed(db: Db, options: SeedOptions): Promise<Seeded> {
  await db.transaction(async (tx) => {
    await lockFor(tx, 'seed')
    await seedRoles(tx, await seedPermissions(tx))
  })
  return await seedAdministrator(db, options)
}

/** Resolves to the permissions that the database didn't have yet. */
async function seedPermissions(tx: Db): Promise<Set<string>> {
  const rows = await tx.query<{ name: string }>(
    `insert into permissions (name, description) select * from unnest($1::text[], $2::text[])
     on conflict (name) do nothing returning name`,
    [permissions, permissions.map((permission) => permissionCatalog[permission])],
  )
  return new Set(rows.map(({ name }) => name))
}

/**
 * A new role gets what its seed lists. An existing one gets only permissions that are new to the database, so that an
 * upgrade extends it and yet gives nothing back that was taken from it. The administrators' role always gets all.
 */
async function seedRoles(tx: Db, newPermissions: ReadonlySet<string>): Promise<void> {
  for (const role of roleSeeds) {
    const made = await tx.query(
      `insert into roles (id, name, description, builtin) values ($1, $2, $3, true)
       on conflict (name) do nothing returning id`,
      [newId(), role.name, role.description],
    )
    const complete = made.length > 0 || role.name === administratorRole
    await tx.execute(
      `insert into role_permissions (role_id, permission)
       select r.id, p from roles r, unnest($2::text[]) p where r.name = $1 on conflict do nothing`,
      [role.name, complete ? role.permissions : role.permissions.filter((name) => newPermissions.has(name))],
    )
  }
}

async function hasAdministrator(db: Db): Promise<boolean> {
  const rows = await db.query(
    'select 1 as found from user_roles ur join roles r on r.id = ur.role_id where r.name = $1 limit 1',
    [administratorRole],
  )
  return rows.length > 0
}

function parseAdministrator({ admin }: SeedOptions): { email: string; password: string; generated: boolean } {
  const email = emailSchema.safeParse(admin.email ?? defaultAdministratorEmail)
  if (!email.success)
    throw new AppError('request.invalid', { detail: 'The first administrator’s e-mail address isn’t one.' })
  const password = newPasswordSchema.safeParse(
    admin.password?.reveal() ?? randomBytes(generatedPasswordBytes).toString('base64url'),
  )
  if (!password.success) {
    const range = `${minPasswordLength} to ${maxPasswordLength}`
    throw new AppError('request.invalid', { detail: `The first administrator’s password needs ${range} characters.` })
  }
  return { email: email.data, password: password.data, generated: admin.password === undefined }
}

/** Hashing takes a while, so it happens before the lock is taken, and for nothing when another instance was faster. */
async function seedAdministrator(db: Db, options: SeedOptions): Promise<Seeded> {
  if (await hasAdministrator(db)) return {}
  const { email, password, generated } = parseAdministrator(options)
  const hashed = await options.passwords.hash(password)
  return await db.transaction(async (tx) => {
    await lockFor(tx, 'seed')
    if (await hasAdministrator(tx)) return {}
    const [id, displayName, roles] = [newId(), 'Administrator', [administratorRole]]
    await createUser(tx, { id, email, displayName, password: hashed, roles })
    // Whoever runs the platform vouches for the address.
    await tx.execute('update users set email_verified_at = now() where id = $1', [id])
    await appendAuditEvent(tx, {
      action: 'user.create',
      outcome: 'success',
      actor: { type: 'system' },
      resource: { type: 'user', id },
      details: { roles: administratorRole },
      subjectId: id,
      personal: { email, displayName },
    })
    return generated ? { administrator: { email, password } } : {}
  })
}
