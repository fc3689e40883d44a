// The HTTP kernel on a real port, over a route table of the test's own. The platform holds real parts where the kernel
// uses them: configuration, keys, blobs in a directory of its own, metrics, and a logger that writes to memory.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import type { AppOptions } from '../../api/app.ts'
import type { Denials } from '../../api/audit/denials.ts'
import type { Authenticate } from '../../api/http/admit.ts'
import { startApi } from '../../api/main.ts'
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import type { Permission } from '../../domain/auth/permission.ts'
import { AppError } from '../../domain/errors.ts'
import { createFileBlobStore } from '../../platform/blobs/file-blob-store.ts'
import { parseConfig } from '../../platform/config.ts'
import { createPlatformKeys } from '../../platform/keys.ts'
import type { Actors } from '../../platform/auth/actors.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Platform } from '../../platform/platform.ts'
import { createLocalBus } from '../../platform/stream/local-bus.ts'
import { createEagerStarts } from '../../platform/temporal/eager-starts.ts'
import { captureLog } from './captured-log.ts'

export interface KernelServer {
  readonly url: string
  readonly port: number
  readonly platform: Platform
  /** One JSON text a line. */
  readonly logLines: readonly string[]
  /** The files of the blob store, without directories. */
  storedFiles(): Promise<string[]>
  /** Ends the server alone; `stop` does too. */
  close(): Promise<void>
  stop(): Promise<void>
}

/** The header of an account that holds these permissions. */
export const as = (userId: string, ...permissions: readonly Permission[]): Record<string, string> => ({
  authorization: `Bearer ${userId} ${permissions.join(',')}`,
})

const readBearer: Authenticate = async ({ headers }) => {
  const [scheme, userId, permissions = ''] = (headers.authorization ?? '').split(' ')
  if (scheme !== 'Bearer' || userId === undefined) throw new AppError('auth.unauthenticated')
  return {
    userId,
    sessionId: newId(),
    email: 'user@example.org',
    roles: [],
    permissions: new Set(permissions.split(',') as Permission[]),
  }
}

/** Where a test has no database; what is recorded of refusals has tests of its own. */
export const noDenials: Denials = { record: async () => {}, settle: async () => {} }

export interface KernelServerOptions extends Pick<AppOptions, 'routes' | 'rootRoutes'> {
  /** Variables of the configuration. */
  readonly environment?: Readonly<Record<string, string>>
  readonly db?: Db
  readonly parts?: Partial<Platform>
  readonly denials?: Denials
}

export async function startKernelServer(options: KernelServerOptions): Promise<KernelServer> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-kernel-'))
  const { log, lines } = captureLog()
  const platform = {
    config: parseConfig({ PORT: '0', NODE_ENV: 'test', ...options.environment }),
    log,
    metrics: new Registry(),
    keys: createPlatformKeys([{ id: '1', key: randomBytes(32) }]),
    blobs: createFileBlobStore({ directory }),
    bus: createLocalBus({ log }),
    eagerStarts: createEagerStarts(),
    // Whoever asks stays what their header says.
    actors: { again: async (actor: Actor) => actor } as Actors,
    ...(options.db === undefined ? {} : { db: options.db }),
    ...options.parts,
  } as Platform
  const { routes, rootRoutes = [] } = options
  const api = await startApi(platform, {
    routes,
    rootRoutes,
    authenticate: readBearer,
    denials: options.denials ?? noDenials,
  })
  return {
    url: api.url,
    port: api.port,
    platform,
    logLines: lines,
    storedFiles: async () => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
    },
    close: api.close,
    stop: async () => {
      await api.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
