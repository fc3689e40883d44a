// A whole platform whose tools may reach one echo server, with people in the roles that approvals are about.
import { randomBytes } from 'node:crypto'
import { setUserRoles } from '../../db/auth/roles.ts'
import { type Db, openDatabase } from '../../db/database.ts'
import { type ApiClient, signIn, signUp } from './api-client.ts'
import { type EchoServer, startEchoServer } from './echo-server.ts'
import { eventually } from './eventually.ts'
import { applicationDatabaseUrl } from './platform-database.ts'
import { type PlatformProcess, startPlatformProcess } from './platform-process.ts'

export type Person = Awaited<ReturnType<typeof signUp>>
type Json = Record<string, any> // eslint-disable-line typescript/no-explicit-any -- a test reads what it expects

export interface ToolsWorld {
  readonly platform: PlatformProcess
  readonly echo: EchoServer
  readonly db: Db
  readonly admin: ApiClient
  readonly requester: Person
  /** A new account with these roles. */
  person(...roles: string[]): Promise<Person>
  toolNamed(name: string): Promise<Json>
  /** A tool that posts to the echo server, with a name of its own. */
  makeTool(given?: Json): Promise<Json>
  execute(person: ApiClient, toolId: string, args: Json): Promise<Json>
  /** Once it is one of these. */
  execution(person: ApiClient, id: string, ...statuses: string[]): Promise<Json>
  /** The pending approval of a run, as a person sees it. */
  approvalOf(person: ApiClient, executionId: string): Promise<Json>
  stop(): Promise<void>
}

const administrator = { email: 'admin@example.org', password: `admin ${randomBytes(12).toString('hex')}` }

function requireStatus(answer: { status: number; body: Json }, status: number): Json {
  if (answer.status !== status) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

let made = 0
const postSchema = {
  type: 'object',
  properties: { text: { type: 'string', maxLength: 1_000 } },
  required: ['text'],
  additionalProperties: false,
}

/** `allow` are further places that tools may reach, `host:port` each. */
export async function startToolsWorld(
  env: Readonly<Record<string, string>> = {},
  { allow = [] }: { readonly allow?: readonly string[] } = {},
): Promise<ToolsWorld> {
  const echo = await startEchoServer()
  const platform = await startPlatformProcess({
    env: {
      CDSA_EGRESS_ALLOW: [echo.place, ...allow].join(','),
      CDSA_ADMIN_EMAIL: administrator.email,
      CDSA_ADMIN_PASSWORD: administrator.password,
      ...env,
    },
  })
  const { apiUrl } = platform.run
  const db = openDatabase({ url: applicationDatabaseUrl(process.env, platform.dataDir), poolSize: 1 })
  const admin = await signIn(apiUrl, administrator)
  const person = async (...roles: string[]): Promise<Person> => {
    const signedUp = await signUp(apiUrl)
    await db.transaction((tx) => setUserRoles(tx, { userId: signedUp.userId, roles }))
    return signedUp
  }
  return {
    platform,
    echo,
    db,
    admin,
    person,
    requester: await person('user'),
    toolNamed: async (name) => {
      const { data } = requireStatus(await admin.get('/tools?limit=100'), 200) as { data: Json[] }
      const tool = data.find((one) => one['name'] === name)
      if (tool === undefined) throw new Error(`There is no tool ${name}.`)
      return tool
    },
    makeTool: async (given = {}) => {
      made += 1
      const tool = {
        name: `post_${made}`,
        kind: 'http',
        description: 'Posts a text.',
        inputSchema: postSchema,
        config: { method: 'POST', url: `${echo.url}/posts`, body: { text: '{{text}}' } },
        ...given,
      }
      return requireStatus(await admin.post('/tools', tool), 201)['tool'] as Json
    },
    execute: async (caller, toolId, args) =>
      requireStatus(await caller.post(`/tools/${toolId}/execute`, { arguments: args }), 202)['execution'] as Json,
    execution: (caller, id, ...statuses) =>
      eventually(
        `the run is ${statuses.join(' or ')}`,
        async () => {
          const { execution } = requireStatus(await caller.get(`/tool-executions/${id}`), 200)
          return statuses.includes(execution.status) && (execution as Json)
        },
        30_000,
      ),
    approvalOf: (caller, executionId) =>
      eventually('the approval is there', async () => {
        const { data } = requireStatus(await caller.get('/approvals?status=pending&limit=100'), 200) as { data: Json[] }
        return data.find((one) => one['executionId'] === executionId) ?? false
      }),
    stop: async () => {
      await db.close()
      await platform.stop()
      await echo.stop()
    },
  }
}
