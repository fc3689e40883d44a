// Every route of the table under requests that are made from its own contract: no answer is a 5xx, tells of the inside, or
// differs from what /openapi.json declares. CDSA_FUZZ_CASES sets the cases a route; CDSA_FUZZ_SEED repeats a run.
import { Agent } from 'node:http'
import { expect } from 'chai'
import fc from 'fast-check'
import { jwksRoute } from '../../api/auth/jwks.ts'
import { createOpenApiDocument } from '../../api/http/openapi.ts'
import { routes } from '../../api/routes.ts'
import { maxHeaderBytes } from '../../api/http/header-limit.ts'
import { createApiClient, signIn } from '../support/api-client.ts'
import {
  type FuzzBody,
  type FuzzOptions,
  encodedOf,
  fuzzHeaders,
  jsonBody,
  multipartBody,
} from '../support/fuzz-request.ts'
import { sendFuzz } from '../support/fuzz-send.ts'
import { type FuzzWorld, makeFuzzWorld } from '../support/fuzz-world.ts'
import {
  type AnswerCheck,
  type OpenApiDocument,
  type Operation,
  createAnswerCheck,
  resolve,
} from '../support/openapi-document.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

const seed = Number(process.env['CDSA_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const parallel = 8
const asked = Number(process.env['CDSA_FUZZ_CASES'] ?? 1_000)
if (!(asked > 0)) throw new Error('CDSA_FUZZ_CASES takes a number above 0.')
const cases = Math.max(parallel, asked)
/** What a route gets when fewer cases never came as far as its own work. */
const enoughCases = 1_000

// The names of the tests; what is declared is read from the server.
const table = createOpenApiDocument({ routes, rootRoutes: [jwksRoute], base: '/api/v1' }) as unknown as OpenApiDocument
const operations = Object.entries(table.paths).flatMap(([path, item]) =>
  Object.keys(item).map((method) => ({ path, method })),
)

function pathOf(
  path: string,
  operation: Operation,
  { document, options }: { document: OpenApiDocument; options: FuzzOptions },
) {
  const parameters = (operation.parameters ?? []).map((parameter) => resolve(document, parameter))
  const filled = parameters
    .filter((one) => one.in === 'path')
    .map(({ name, schema }) => encodedOf(schema, name, options))
  const query = parameters
    .filter((one) => one.in === 'query')
    .map(({ name, schema, required }) =>
      fc.option(
        encodedOf(schema, name, options).map((value) => `${name}=${value}`),
        { freq: required === true ? 30 : 2 },
      ),
    )
  const extra = fc.oneof(
    { weight: 15, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('nonsense=1', '__proto__=1', 'a[b]=c', '=', '&&', 'limit=1&limit=2', '%00=1'),
    },
  )
  return fc.tuple(fc.tuple(...filled), fc.tuple(...query, extra)).map(([values, pairs]) => {
    const rest = [...values]
    const query = pairs.filter((pair) => pair !== null).join('&')
    return path.replaceAll(/\{[^}]+\}/g, () => rest.shift() ?? '0') + (query === '' ? '' : `?${query}`)
  })
}

function bodyOf({ requestBody }: Operation, options: FuzzOptions): fc.Arbitrary<FuzzBody | undefined> {
  const json = requestBody?.content['application/json']?.schema
  const form = requestBody?.content['multipart/form-data']?.schema
  const body = json === undefined ? form && multipartBody(form, options) : jsonBody(json, options)
  return body === undefined ? fc.constant(undefined) : fc.option(body, { nil: undefined, freq: 30 })
}

/** Before a route's own work. Signing in and out, which nobody can by chance, answer with 401 themselves. */
const refusals: ReadonlySet<number> = new Set([400, 403, 413, 415, 422, 431])

describe('every route under fuzzing', function () {
  this.timeout(300_000)
  const agent = new Agent({ keepAlive: true, maxSockets: parallel })
  let world: FuzzWorld
  let document: OpenApiDocument
  let check: AnswerCheck
  let apiUrl: string

  before(async () => {
    const platform = await sharedPlatform()
    apiUrl = platform.run.apiUrl
    world = await makeFuzzWorld(platform)
    document = (await createApiClient(apiUrl).get('/openapi.json')).body as unknown as OpenApiDocument
    check = createAnswerCheck(document)
  })
  after(() => agent.destroy())

  /** Deleting and signing out have ids and sessions of their own, so that the other routes keep theirs. */
  async function optionsOf(method: string, path: string): Promise<FuzzOptions> {
    const client = await signIn(apiUrl, world.accounts.client)
    const administrator = await signIn(apiUrl, world.accounts.administrator)
    const ids = method === 'delete' ? world.expendableIds : world.ids
    const known = (name: string): readonly string[] => ids[name] ?? []
    if (path.endsWith('/logout')) return { ids: known, tokens: world.expendableTokens }
    if (path.endsWith('/password/reset'))
      return { ids: (name) => (name === 'token' ? world.linkTokens : known(name)), tokens: [undefined] }
    if (
      /\/(users|roles|permissions|audit|codec|vault|tools|tool-executions|approvals|approval-policies)/.test(path) &&
      !path.includes('members')
    ) {
      return { ids: known, tokens: [administrator.token, administrator.token, administrator.token, client.token] }
    }
    return { ids: known, tokens: [...Array.from({ length: 20 }, () => client.token), undefined, 'a.b.c'] }
  }

  for (const { path, method } of operations) {
    it(`[L6] ${method.toUpperCase()} ${path}`, async () => {
      const operation = document.paths[path]?.[method]
      if (operation === undefined) throw new Error('The server doesn’t declare this route.')
      const options = await optionsOf(method, path)
      const request = fc.record({
        method: fc.constant(method.toUpperCase()),
        path: pathOf(path, operation, { document, options }),
        headers: fuzzHeaders,
        caller: fc.nat({ max: options.tokens.length - 1 }),
        body: bodyOf(operation, options),
      })
      const statuses = new Set<number>()
      const property = fc.asyncProperty(request, async ({ caller, ...sent }) => {
        const answer = await sendFuzz({ apiUrl, agent }, { ...sent, token: options.tokens[caller] })
        statuses.add(answer.status)
        // What the document says of all routes: the parser refuses a long line without a body.
        const isTooLong = answer.status === 431 && answer.text === '' && sent.path.length > maxHeaderBytes / 2
        const fault = isTooLong ? undefined : check(operation, answer)
        expect(fault, `${answer.status} ${answer.mediaType} ${answer.text.slice(0, 500)}`).to.equal(undefined)
      })
      // What never gets as far as the route's own work would find nothing there.
      const isPast = (status: number): boolean => !refusals.has(status) && (status !== 401 || path.includes('/auth/'))
      for (let sent = 0; sent < cases || (sent < enoughCases && ![...statuses].some(isPast)); sent += cases) {
        const runs = Array.from({ length: parallel }, (_, index) =>
          fc.check(property, { seed: seed + sent + index, numRuns: Math.ceil(cases / parallel) }),
        )
        for (const details of await Promise.all(runs)) {
          if (details.failed) throw new Error(`${String(details.errorInstance)}\n${fc.defaultReportMessage(details)}`)
        }
      }
      expect([...statuses].filter(isPast)).not.to.deep.equal([])
    })
  }
})
