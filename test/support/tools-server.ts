// The API with the routes of tools, on a database of its own. Nothing drives the runs here: tests move their rows as the
// workflow would, and see which workflows were asked for.
import { WorkflowNotFoundError } from '@temporalio/client'
import { executionRoutes } from '../../api/tools/execution-routes.ts'
import { policyRoutes } from '../../api/tools/policy-routes.ts'
import { toolRoutes } from '../../api/tools/tool-routes.ts'
import { newId } from '../../db/ids.ts'
import { type StatusChange, moveExecution } from '../../db/tools/executions.ts'
import { type NewTool, type StoredTool, createTool } from '../../db/tools/tools.ts'
import type { ToolExecution } from '../../domain/tools/execution.ts'
import type { Platform } from '../../platform/platform.ts'
import { type Bus, executionChannel } from '../../platform/stream/bus.ts'
import { createLocalBus } from '../../platform/stream/local-bus.ts'
import { createArgumentChecks } from '../../platform/tools/check-arguments.ts'
import { captureLog } from './captured-log.ts'
import { type SignInServer, startSignInServer } from './sign-in-server.ts'

export interface AskedTemporal {
  /** `start <workflow id>` and `cancel <workflow id>`, as they came. */
  readonly asked: string[]
  /** Workflows that can be cancelled; the others aren't there. */
  readonly running: Set<string>
}

function recordTemporal({ asked, running }: AskedTemporal): Platform['temporal'] {
  const client = {
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
    workflow: {
      start: async (_type: string, { workflowId }: { readonly workflowId: string }) => {
        asked.push(`start ${workflowId}`)
      },
      getHandle: (workflowId: string) => ({
        cancel: async () => {
          asked.push(`cancel ${workflowId}`)
          if (!running.has(workflowId)) throw new WorkflowNotFoundError('none', workflowId, undefined)
        },
      }),
    },
  }
  return client as unknown as Platform['temporal']
}

export interface ToolsServer extends SignInServer, AskedTemporal {
  readonly bus: Bus
  /** A tool that the release brings. */
  builtin(given: Partial<NewTool> & { readonly name: string }): Promise<StoredTool>
  /** As the work on a run does it. */
  move(executionId: string, change: StatusChange): Promise<ToolExecution | undefined>
}

/** Takes seconds: raise the timeout of the hook that calls it. */
export async function startToolsServer(): Promise<ToolsServer> {
  const asked: AskedTemporal = { asked: [], running: new Set() }
  const bus = createLocalBus({ log: captureLog().log })
  const server = await startSignInServer({
    routes: [...toolRoutes, ...executionRoutes, ...policyRoutes],
    extend: async () => ({ tools: createArgumentChecks() as Platform['tools'], bus, temporal: recordTemporal(asked) }),
  })
  return {
    ...server,
    ...asked,
    bus,
    builtin: async (given) => {
      const { tool } = await createTool(server.database.owner, {
        id: newId(),
        kind: 'builtin',
        ownerId: null,
        description: 'Built in.',
        inputSchema: { type: 'object', properties: {}, additionalProperties: false },
        config: {},
        requiresApproval: false,
        policyId: null,
        cacheTtlSeconds: 0,
        enabled: true,
        sideEffects: false,
        secretRefs: [],
        ...given,
      })
      return tool
    },
    move: async (executionId, change) => {
      const moved = await moveExecution(server.database.db, executionId, change)
      await bus.publish(executionChannel(executionId), {})
      return moved
    },
    stop: async () => {
      await server.stop()
      await bus.close()
    },
  }
}

/** Of one argument, `city`. */
export const citySchema = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 100 } },
  required: ['city'],
  additionalProperties: false,
}

/** What the audit log tells of a thing, oldest first. */
export const eventsAbout = ({ database }: ToolsServer, id: string): Promise<{ action: string; leaf: string }[]> =>
  database.owner.query('select action, leaf from audit_events where resource_id = $1 order by id', [id])

let made = 0
/** A tool that can be stored, of a name of its own. */
export function newTool(given: Record<string, unknown> = {}): Record<string, unknown> {
  made += 1
  return {
    name: `weather_${made}`,
    kind: 'http',
    description: 'The weather of a city.',
    inputSchema: citySchema,
    config: { url: 'https://api.example.org/v1/weather/{{city}}' },
    ...given,
  }
}
