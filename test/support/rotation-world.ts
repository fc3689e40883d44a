// All that rotations need, as real processes that can be killed one by one: the vault's Postgres, a Temporal server, a
// worker, and the targets. The use cases of the API run here, in the test's own process.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changeRotationPolicy } from '../../api/vault/change-rotation-policy.ts'
import { createSecret } from '../../api/vault/create-secret.ts'
import { rotateNow } from '../../api/vault/rotate-secret.ts'
import { prepareDatabase } from '../../bin/prepare-database.ts'
import { newId } from '../../db/ids.ts'
import { findOpenRotation, getRotation, type StoredRotation } from '../../db/vault/rotations.ts'
import { findVersionByLabel, getStoredVersion } from '../../db/vault/version-rows.ts'
import { permissions } from '../../domain/auth/permission.ts'
import { putRotationPolicySchema } from '../../domain/vault/rotation-policy.ts'
import type { Rotation } from '../../domain/vault/rotation.ts'
import { parseConfig } from '../../platform/config.ts'
import { createPlatform } from '../../platform/create-platform.ts'
import { type TemporalServer, startTemporalServer } from '../../platform/embedded/temporal-server.ts'
import { createLogger } from '../../platform/logger.ts'
import type { Context, Platform } from '../../platform/platform.ts'
import { eventually } from './eventually.ts'
import { onServer, withDatabase } from './platform-database.ts'
import { type TestPostgres, startPostgres } from './postgres.ts'
import {
  type Target,
  type TargetName,
  administrator,
  administratorPath,
  randomTarget,
  startPostgresTarget,
  startRedisTarget,
} from './rotation-targets.ts'
import { type RotationWorker, startRotationWorker } from './rotation-worker.ts'
import { testTemporalCli } from './temporal-cli.ts'
import { unlimited } from './sign-in-parts.ts'

/** How long a step tries to reach its target here: longer than a dead worker stays unnoticed. */
const targetTimeoutMs = 8_000
const endMs = 240_000

export interface RotatedSecret {
  readonly id: string
  readonly target: Target
  readonly config: Readonly<Record<string, unknown>>
}

export interface RotationWorld {
  readonly platform: Platform
  /** A request of a user who may do everything. */
  context(): Context
  readonly targets: Readonly<Record<TargetName, Target>>
  readonly vaultDatabase: TestPostgres
  /** The worker that runs now. */
  worker(): RotationWorker
  /** `armed` as a worker’s `arm` takes it. */
  startWorker(armed?: string): Promise<{ readonly reached: Promise<void> }>
  /** A secret whose first value its target takes, with a policy that rotates it only when it is asked to. */
  createRotated(target: TargetName, graceSeconds?: number): Promise<RotatedSecret>
  rotate(secret: RotatedSecret): Promise<Rotation>
  /** What the label is on, and its value; undefined where there is none. */
  valueOf(secret: RotatedSecret, label: 'CURRENT' | 'PENDING'): Promise<{ version: number; value: string } | undefined>
  valueOfVersion(secret: RotatedSecret, version: number): Promise<string>
  rotation(id: string): Promise<StoredRotation>
  /** The rotation once it has ended, and its workflow with it. */
  ended(rotation: Rotation): Promise<StoredRotation>
  stop(): Promise<void>
}

/** Where the platform's tables are, on the server that can be killed. */
async function createDatabase({ ownerUrl, applicationUrl }: TestPostgres): Promise<Urls> {
  await onServer(ownerUrl, (server) => server.execute('create database cdsa'))
  return { ownerUrl: withDatabase(ownerUrl, 'cdsa'), applicationUrl: withDatabase(applicationUrl, 'cdsa') }
}

type Urls = Pick<TestPostgres, 'ownerUrl' | 'applicationUrl'>

interface Parts {
  readonly urls: Urls
  readonly dataDir: string
  readonly temporal: TemporalServer
  readonly vaultDatabase: TestPostgres
  readonly targets: Readonly<Record<TargetName, Target>>
}

async function startParts(root: string): Promise<Parts> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cdsa-rotation-'))
  const log = createLogger({ level: 'silent' })
  const temporal = await startTemporalServer({ cliPath: await testTemporalCli(), dataDir, uiPort: 0, log })
  const vaultDatabase = await startPostgres({ root })
  const targets = {
    random: randomTarget,
    postgres: await startPostgresTarget(root),
    'redis-acl': await startRedisTarget(root),
  }
  return { dataDir, temporal, vaultDatabase, targets, urls: await createDatabase(vaultDatabase) }
}

const environmentOf = ({ dataDir, temporal, urls, targets }: Parts): Record<string, string> => ({
  DATABASE_URL: urls.applicationUrl,
  DATABASE_OWNER_URL: urls.ownerUrl,
  TEMPORAL_ADDRESS: temporal.address,
  CDSA_DATA_DIR: dataDir,
  CDSA_BCRYPT_COST: '4',
  LOG_LEVEL: 'silent',
  REDIS_URL: '',
  CDSA_ROTATION_TIMEOUT_MS: String(targetTimeoutMs),
  CDSA_EGRESS_ALLOW: Object.values(targets)
    .flatMap(({ place }) => place ?? [])
    .join(','),
})

async function administratorOf(platform: Platform): Promise<string> {
  const [user] = await platform.db.query<{ id: string }>('select id from users limit 1')
  return user?.id ?? ''
}

function createContext(platform: Platform, userId: string): Context {
  const actor = { userId, sessionId: newId(), email: '', roles: [], permissions: new Set(permissions) }
  const scope = {
    requestId: randomUUID(),
    signal: new AbortController().signal,
    ip: undefined,
    userAgent: undefined,
    secure: false,
    limits: unlimited,
    cookie: () => undefined,
  }
  return { ...platform, ...scope, actor, newResourceId: newId() }
}

async function createAdministrators(context: () => Context, targets: Parts['targets']): Promise<void> {
  for (const name of ['postgres', 'redis-acl'] as const) {
    const { origin } = targets[name]
    await createSecret(context(), {
      path: administratorPath(name),
      value: JSON.stringify(administrator),
      description: '',
      tags: [],
      destinations: origin === undefined ? [] : [origin],
      maxVersions: 10,
    })
  }
}

const ofSecrets = (platform: Platform, context: () => Context, targets: Parts['targets']) => ({
  createRotated: async (name: TargetName, graceSeconds = 0): Promise<RotatedSecret> => {
    const target = targets[name]
    const { value, config } = await target.prepare()
    const path = `rotated/${randomUUID()}`
    const settings = { description: '', tags: [], destinations: [], maxVersions: 10 }
    const { id } = await createSecret(context(), { path, value, ...settings })
    const policy = putRotationPolicySchema.parse({ rotator: name, everySeconds: 1_000_000, graceSeconds, config })
    await changeRotationPolicy(context(), { secretId: id, policy })
    return { id, target, config }
  },
  rotate: (secret: RotatedSecret) => rotateNow(context(), secret.id),
  valueOf: async ({ id: secretId }: RotatedSecret, label: 'CURRENT' | 'PENDING') => {
    const stored = await findVersionByLabel(platform.db, { secretId, label })
    return stored && { version: stored.version, value: (await platform.vault.open(stored)).reveal() }
  },
  valueOfVersion: async ({ id: secretId }: RotatedSecret, version: number) =>
    (await platform.vault.open(await getStoredVersion(platform.db, { secretId, version }))).reveal(),
  rotation: (id: string) => getRotation(platform.db, id),
  ended: (rotation: Rotation) =>
    eventually(
      'the rotation has ended',
      async () => {
        const stored = await getRotation(platform.db, rotation.id)
        const open = await findOpenRotation(platform.db, rotation.secretId)
        const run = await platform.temporal.workflow.getHandle(`rotate/${rotation.secretId}`).describe()
        return stored.endedAt !== null && open === undefined && run.status.name !== 'RUNNING' ? stored : undefined
      },
      endMs,
    ),
})

async function stopParts({ dataDir, temporal, vaultDatabase, targets }: Parts): Promise<void> {
  await temporal.stop()
  for (const part of [vaultDatabase, ...Object.values(targets)]) await part.stop()
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10 })
}

async function openPlatform(parts: Parts, environment: Record<string, string>): Promise<Platform> {
  const config = parseConfig(environment)
  await prepareDatabase(config, { ...parts.urls, embedded: false, log: createLogger({ level: 'silent' }) })
  return createPlatform(config, { name: 'test' })
}

async function createWorld(parts: Parts, given: Environment): Promise<RotationWorld> {
  const environment = { ...environmentOf(parts), ...given }
  const platform = await openPlatform(parts, environment)
  const userId = await administratorOf(platform)
  const context = (): Context => createContext(platform, userId)
  await createAdministrators(context, parts.targets)
  let worker: RotationWorker | undefined
  const startWorker = async (armed?: string): Promise<{ readonly reached: Promise<void> }> => {
    const started = await startRotationWorker({ ...process.env, ...environment }, armed)
    worker = started
    return started
  }
  await startWorker()
  return {
    platform,
    context,
    targets: parts.targets,
    vaultDatabase: parts.vaultDatabase,
    worker: () => {
      if (worker === undefined) throw new Error('There is no worker.')
      return worker
    },
    startWorker,
    ...ofSecrets(platform, context, parts.targets),
    stop: async () => {
      await worker?.kill()
      await platform.close()
      await stopParts(parts)
    },
  }
}

type Environment = Readonly<Record<string, string>>

/** Throws where there is no Debian root at `root`. `environment` is of the platform and its workers. */
export async function startRotationWorld(root: string, environment: Environment = {}): Promise<RotationWorld> {
  const parts = await startParts(root)
  try {
    return await createWorld(parts, environment)
  } catch (error) {
    await stopParts(parts)
    throw error
  }
}
