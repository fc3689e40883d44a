// Who may call what, asked of a running platform for every route of the table: each caller is let in or kept out as the route
// declares, and nobody reaches what is somebody else’s. The matrix is printed.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Route } from '../../api/http/route.ts'
import { routes } from '../../api/routes.ts'
import { type Permission, permissions, roleSeeds } from '../../domain/auth/permission.ts'
import { type ApiClient, createApiClient, signIn, signUp } from '../support/api-client.ts'
import { eventually } from '../support/eventually.ts'
import { findAdministrator, makeResources } from '../support/fuzz-world.ts'
import { followToEnd } from '../support/follow.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

interface Caller {
  readonly name: string
  readonly token: string | undefined
  /** Undefined for those who are nobody. */
  readonly permissions: readonly Permission[] | undefined
  readonly isKey?: true
}

type Outcome = 'yes' | 401 | 403

const nameOf = ({ method, path }: Route): string => `${method.toUpperCase()} ${path}`
/** What a route’s own work may answer is no word about who may call it. */
const judged: Readonly<Record<string, Outcome>> = {
  'auth.unauthenticated': 401,
  'auth.forbidden': 403,
  'auth.session_required': 403,
}

function expected({ access, sessionOnly }: Route, caller: Caller): Outcome {
  if (access === 'public') return 'yes'
  if (caller.permissions === undefined) return 401
  if (sessionOnly === true && caller.isKey === true) return 403
  return access === 'signed-in' || caller.permissions.includes(access) ? 'yes' : 403
}

/** With ids of nothing, so that whoever is let in changes nothing; a stream is left once it has begun. */
async function knock(apiUrl: string, route: Route, { token }: Pick<Caller, 'token'>): Promise<Outcome> {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'version' ? '1' : randomUUID()))
  const leave = new AbortController()
  const response = await fetch(`${apiUrl}/api/v1${path}`, {
    method: route.method.toUpperCase(),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(route.method === 'get' ? {} : { 'content-type': 'application/json' }),
    },
    ...(route.method === 'get' ? {} : { body: '{}' }),
    signal: leave.signal,
  })
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true
  const code = isProblem ? ((await response.json()) as { code: string }).code : ''
  leave.abort()
  return judged[code] ?? 'yes'
}

function print(callers: readonly Caller[], outcomes: ReadonlyMap<Route, readonly Outcome[]>): void {
  const width = Math.max(...routes.map((route) => nameOf(route).length))
  const columns = callers.map(({ name }) => name)
  const line = (first: string, cells: readonly string[]): string =>
    `    ${first.padEnd(width)} ${cells.map((cell, index) => cell.padEnd(columns[index]?.length ?? 0)).join(' ')}\n`
  process.stdout.write(line('', columns))
  for (const [route, cells] of outcomes) process.stdout.write(line(nameOf(route), cells.map(String)))
}

/** What gets past the contract of a route’s body, so that its own check is reached. */
const bodies: Readonly<Record<string, object>> = {
  'PATCH /chats/{chatId}': { title: 'Taken' },
  'POST /chats/{chatId}/turns': { content: 'Taken' },
  'PATCH /collections/{collectionId}': { name: 'Taken' },
  'PUT /collections/{collectionId}/members/{userId}': { role: 'reader' },
  'PATCH /documents/{documentId}': { title: 'Taken' },
  'PATCH /notifications/{notificationId}': { read: true },
}

describe('the routes of the platform', function () {
  this.timeout(300_000)
  let apiUrl: string
  let administrator: ApiClient

  before(async () => {
    const platform = await sharedPlatform()
    apiUrl = platform.run.apiUrl
    administrator = await signIn(apiUrl, await findAdministrator(platform))
  })

  const patchUser = (userId: string, body: object) => administrator.request('PATCH', `/users/${userId}`, { body })

  async function withRoles(...roles: string[]) {
    const account = await signUp(apiUrl)
    expect((await patchUser(account.userId, { roles })).status).to.equal(200)
    return account
  }

  async function withKey(owner: ApiClient, scopes: readonly Permission[]): Promise<string> {
    return (await owner.post('/auth/api-keys', { name: 'Matrix', scopes })).body['key'] as string
  }

  async function makeCallers(): Promise<Caller[]> {
    const byRole = await Promise.all(
      roleSeeds.map(async ({ name, permissions: granted }) => {
        return { name, token: (await withRoles(name)).token, permissions: granted }
      }),
    )
    const [revoked, disabled, owner] = [await withRoles('admin'), await withRoles('admin'), await withRoles('admin')]
    await revoked.post('/auth/logout')
    await patchUser(disabled.userId, { disabled: true })
    const narrow = ['chat:read', 'approval:decide'] as const
    const [all, some] = [await withKey(owner, permissions), await withKey(owner, narrow)]
    const ended = await withKey(owner, permissions)
    const { data } = (await owner.get('/auth/api-keys?limit=1')).body
    await owner.request('DELETE', `/auth/api-keys/${data[0].id}`)
    return [
      { name: 'anonymous', token: undefined, permissions: undefined },
      { name: 'forged', token: `${owner.token?.slice(0, -8)}AAAAAAAA`, permissions: undefined },
      { name: 'signed-out', token: revoked.token, permissions: undefined },
      { name: 'disabled', token: disabled.token, permissions: undefined },
      { name: 'ended-key', token: ended, permissions: undefined },
      ...byRole,
      { name: 'key:all', token: all, permissions, isKey: true },
      { name: 'key:some', token: some, permissions: narrow, isKey: true },
    ]
  }

  it('[S12] let in exactly whom they declare', async () => {
    const callers = await makeCallers()
    const outcomes = new Map<Route, Outcome[]>()
    // A session that signs out is somebody else from then on: so that comes last.
    const last = (route: Route): boolean => nameOf(route) === 'POST /auth/logout'
    for (const route of routes.toSorted((one, other) => Number(last(one)) - Number(last(other)))) {
      const seen: Outcome[] = []
      for (const caller of callers) seen.push(await knock(apiUrl, route, caller))
      outcomes.set(route, seen)
    }
    print(callers, outcomes)
    for (const [route, seen] of outcomes) {
      const declared = callers.map((caller) => expected(route, caller))
      expect(seen, `${nameOf(route)} for ${callers.map(({ name }) => name).join(', ')}`).to.deep.equal(declared)
    }
    const met = new Set([...outcomes.values()].flat())
    expect([...met], 'else nothing was told apart').to.have.members(['yes', 401, 403])
  })

  it('[S12] keep everybody from what is somebody else’s', async () => {
    const [owner, other] = [await signUp(apiUrl), await signUp(apiUrl)]
    const made = await makeResources(owner, 'Private.')
    const session = await signIn(apiUrl, owner)
    const [{ id: sessionId }] = (await session.get('/auth/sessions?limit=1')).body['data']
    const key = await owner.post('/auth/api-keys', { name: 'Mine', scopes: ['chat:read'] })
    const tools = (await owner.get('/tools?limit=100')).body['data'] as { id: string; name: string }[]
    const toolId = tools.find(({ name }) => name === 'calculate')?.id
    const run = await owner.post(`/tools/${toolId}/execute`, { arguments: { expression: '1 + 1' } })
    const executionId = run.body['execution'].id as string
    await followToEnd(owner, `/api/v1/tool-executions/${executionId}/events`).catch(() => undefined)
    const ids: Record<string, string> = {
      ...made,
      sessionId,
      keyId: key.body['apiKey'].id,
      executionId,
      userId: other.userId,
    }
    const own = ['chatId', 'documentId', 'collectionId', 'notificationId', 'sessionId', 'keyId', 'executionId']
    const isOwn = ({ path, access }: Route): boolean =>
      own.some((name) => path.includes(`{${name}}`)) && access !== 'user:read' && access !== 'user:write'
    const reads = routes.filter((route) => isOwn(route) && route.method === 'get' && route.events === undefined)
    const pathOf = ({ path }: Route): string => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')
    const state = () =>
      Promise.all(reads.map(async (route) => ({ route: nameOf(route), ...(await owner.get(pathOf(route))).body })))
    await eventually('the run has ended', async () => {
      const { execution } = (await owner.get(`/tool-executions/${executionId}`)).body
      return execution.status === 'succeeded'
    })
    const before = await state()
    const asked = routes.filter(isOwn)
    for (const route of asked) {
      const body = route.method === 'get' ? {} : { body: bodies[nameOf(route)] ?? {} }
      const answer = await other.request(route.method.toUpperCase(), pathOf(route), body)
      expect(answer.status, `${nameOf(route)}: ${JSON.stringify(answer.body)}`).to.equal(404)
      expect(answer.body).to.include({ code: 'resource.not_found' })
    }
    expect(asked.length, 'routes of something owned').to.be.greaterThan(25)
    expect(await state()).to.deep.equal(before)
    expect((await session.get('/auth/me')).status).to.equal(200)
    expect((await createApiClient(apiUrl, key.body['key'] as string).get('/auth/me')).status).to.equal(200)
  })
})
