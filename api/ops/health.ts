// Liveness, readiness and metrics. Readiness asks every dependency by name, each within a bounded time, and never asks
// one again that hasn't answered yet, so that a prober can't pile up questions to a dependency that hangs.
import { Router } from 'express'
import { traceOf } from '../http/request-trace.ts'
import type { Platform } from '../../platform/platform.ts'

export type HealthChecks = Readonly<Record<string, () => Promise<void>>>

export interface CheckResult {
  readonly status: 'up' | 'down'
  readonly latencyMs: number
}

export interface Readiness {
  readonly status: 'ready' | 'unready'
  readonly checks: Readonly<Record<string, CheckResult>>
}

type Dependencies = Pick<Platform, 'db' | 'temporal' | 'config' | 'pingStreams'>

/** How each dependency is asked; `redis` only where one is configured. A check rejects when its dependency is down. */
export function createHealthChecks({ db, temporal, config, pingStreams }: Dependencies): HealthChecks {
  return {
    database: async () => void (await db.query('select 1')),
    temporal: () =>
      temporal.withDeadline(Date.now() + checkTimeoutMs, async () => {
        await temporal.workflowService.getSystemInfo({})
      }),
    ...(config.redisUrl === undefined ? {} : { redis: pingStreams }),
  }
}

const checkTimeoutMs = 2_000

const within = (work: Promise<boolean>, ms: number): Promise<boolean> =>
  new Promise((resolve) => {
    const deadline = setTimeout(() => resolve(false), ms)
    void work.then(resolve).finally(() => clearTimeout(deadline))
  })

/** Asks all dependencies at once; callers that come while one is being asked share its answer. */
export function createReadiness(checks: HealthChecks, timeoutMs = checkTimeoutMs): () => Promise<Readiness> {
  const asking = new Map<string, Promise<boolean>>()
  const ask = (name: string, check: () => Promise<void>): Promise<boolean> => {
    const running = asking.get(name)
    if (running !== undefined) return running
    const started = Promise.resolve()
      .then(check)
      .then(
        () => true,
        () => false,
      )
      .finally(() => asking.delete(name))
    asking.set(name, started)
    return started
  }
  return async () => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]): Promise<[string, CheckResult]> => {
        const began = performance.now()
        const up = await within(ask(name, check), timeoutMs)
        return [name, { status: up ? 'up' : 'down', latencyMs: Math.round(performance.now() - began) }]
      }),
    )
    const ready = results.every(([, { status }]) => status === 'up')
    return { status: ready ? 'ready' : 'unready', checks: Object.fromEntries(results) }
  }
}

/** `/livez`, `/readyz` and `/metrics`. `isClosing`: a server that shuts down isn't ready any more. */
export function createOpsRoutes(options: {
  readonly platform: Pick<Platform, 'metrics'>
  readonly checks: HealthChecks
  readonly isClosing: () => boolean
}): Router {
  const { metrics } = options.platform
  const readiness = createReadiness(options.checks)
  const router = Router()
  router.use((request, response, next) => {
    if (['/livez', '/readyz', '/metrics'].includes(request.path)) {
      traceOf(request).route = request.path
      response.setHeader('Cache-Control', 'no-store')
    }
    next()
  })
  router.get('/livez', (_request, response) => void response.json({ status: 'alive' }))
  router.get('/readyz', async (_request, response) => {
    const { status, checks } = await readiness()
    const ready = status === 'ready' && !options.isClosing()
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'unready', checks })
  })
  router.get('/metrics', async (_request, response) => {
    response.setHeader('Content-Type', metrics.contentType)
    response.end(await metrics.metrics())
  })
  return router
}
