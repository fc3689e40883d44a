// What every built-in tool says of itself: a schema that the check of arguments takes, closed and without what models misread.
import { expect } from 'chai'
import { createCalculate } from '../../../platform/tools/calculate.ts'
import { createArgumentChecks, type ArgumentChecks } from '../../../platform/tools/check-arguments.ts'
import { createCurrentTime } from '../../../platform/tools/current-time.ts'
import { createHttpRequest } from '../../../platform/tools/http-request.ts'
import { createQueryDatabase } from '../../../platform/tools/query-database.ts'
import { createSearchDocuments } from '../../../platform/tools/search-documents.ts'
import { createSendEmail } from '../../../platform/tools/send-email.ts'
import { testEgress } from '../../support/egress-harness.ts'

const egress = testEgress()
const tools = [
  createCurrentTime({ now: Date.now }),
  createCalculate(),
  createHttpRequest({ egress }),
  createQueryDatabase({ egress }),
  createSearchDocuments({} as Parameters<typeof createSearchDocuments>[0]),
  createSendEmail({ mailer: { send: async () => ({ messageId: '', accepted: [] }) } }),
]
const examples: Readonly<Record<string, unknown>> = {
  current_time: { timeZone: 'Europe/Berlin' },
  calculate: { expression: '1 + 1' },
  http_request: { method: 'POST', url: 'https://example.org/', headers: { a: 'b' }, body: 'x', credential: 'a/b' },
  query_database: { database: 'shop', sql: 'select $1', parameters: ['x', 1, true, null] },
  search_documents: { query: 'x', mode: 'keyword', k: 3, collectionIds: ['01890000-0000-7000-8000-000000000001'] },
  send_email: { to: ['a@example.org'], cc: [], subject: 'x', text: 'y' },
}

describe('the built-in tools', () => {
  const checks: ArgumentChecks = createArgumentChecks()

  for (const { definition } of tools) {
    it(`${definition.name} has a schema that its arguments are held against`, () => {
      const { name, inputSchema, description } = definition
      checks.requireSchema(inputSchema)
      expect(inputSchema)
        .to.include({ type: 'object', additionalProperties: false })
        .and.not.to.have.property('$schema')
      checks.check(inputSchema, examples[name])
      expect(() => checks.check(inputSchema, { ...(examples[name] as object), unknown: 1 })).to.throw()
      expect(JSON.stringify(inputSchema)).not.to.include('"pattern"')
      expect(description).to.match(/\.$/)
    })
  }

  it('change nothing unless they ask a person first', () => {
    for (const { definition } of tools) {
      if (definition.sideEffects)
        expect(definition, definition.name).to.include({ requiresApproval: true, cacheTtlSeconds: 0 })
    }
    expect(tools.map(({ definition }) => definition.name)).to.deep.equal(Object.keys(examples))
  })
})
