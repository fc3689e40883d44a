// docs/provider-errors.md, row by row: the provider misbehaves, the real SDK and our driver make an error of it, the
// turn's patience decides, and what is stored in the end is what the table says. A row without a case fails, and so does
// a case without a row.
import { readFile } from 'node:fs/promises'
import { ApplicationFailure } from '@temporalio/common'
import { expect } from 'chai'
import { toApplicationFailure } from '../../../activities/application-failure.ts'
import { withPatience } from '../../../activities/patience.ts'
import { statusOf } from '../../../api/http/problem.ts'
import { AppError, errorRegistry, type StoredProblem } from '../../../domain/errors.ts'
import type { ModelRequest } from '../../../platform/llm/language-model.ts'
import { beginTimeout, defaultStallTimeoutMs } from '../../../platform/llm/request-guard.ts'
import { problemOf } from '../../../workflows/failure.ts'
import { findClosedPort, type MockUpstream, type RawResponse, startMockUpstream } from '../../support/mock-upstream.ts'
import { appErrorOf, gatherEvents } from '../../support/model-events.ts'
import { type Dialect, dialects } from '../../support/provider-dialects.ts'
import { canary, type FailureCase, failureCases } from './failure-cases.ts'

const page = await readFile(new URL('../../../docs/provider-errors.md', import.meta.url), 'utf8')

/** The cells of the first table whose header begins with `header`, row by row. */
function readTable(header: string): string[][] {
  const lines = page.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`| ${header}`))
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const rows = readTable('What happens upstream')
const namesOf = { openai: 'OpenAI', anthropic: 'Anthropic', ollama: 'Ollama' } as const
const providersOf = ({ only }: FailureCase): string =>
  only === undefined ? 'all' : only.map((name) => namesOf[name]).join(', ')
const rawName = (row: number, { name }: Dialect): string => `${name}-${row}`
const stallTimeoutMs = 100
const request = ({ model }: Dialect): ModelRequest => ({ model, messages: [{ role: 'user', content: 'x' }] })

interface Outcome {
  readonly waitsMs: readonly (number | undefined)[]
  readonly attempts: number
  readonly problem: StoredProblem
}

/** What a turn makes of a provider that fails in the same way each time. */
function endOf(error: AppError): Outcome {
  const waitsMs: (number | undefined)[] = []
  for (let attempt = 1; attempt < 100; attempt++) {
    const failure = toApplicationFailure(withPatience(error, { failures: attempt, elapsedMs: 0, providerMs: 0 }))
    if (!(failure instanceof ApplicationFailure)) throw failure
    if (failure.nonRetryable === true) {
      return { waitsMs, attempts: attempt, problem: problemOf(failure, 'llm.unavailable') }
    }
    waitsMs.push(failure.nextRetryDelay as number | undefined)
  }
  throw new Error('The turn never ends.')
}

/** `7 s` where it is the same each time, else `1, 2, 4, 8 s`. */
function renderWaits(waitsMs: Outcome['waitsMs']): string {
  if (waitsMs.length === 0) return '–'
  const seconds = waitsMs.map((wait) => (wait === undefined ? '?' : String(wait / 1_000)))
  return `${(new Set(seconds).size === 1 ? seconds.slice(0, 1) : seconds).join(', ')} s`
}

/** The row that the driver and the turn make true, in the table's own words. */
function renderRow(error: AppError, dialect: Dialect): string[] {
  const { waitsMs, attempts, problem } = endOf(error)
  expect(problem.code).to.equal(error.code)
  expect(problem.title).to.equal(errorRegistry[error.code].title)
  const detail = (problem.detail ?? '')
    .replaceAll(dialect.keyVariable, '‹key variable›')
    .replaceAll(dialect.unknownModel, '‹advice›')
    .replace(/nothing for \d+ s/, 'nothing for ‹silence›')
    // The mock names every request.
    .replace(/ Its request id: [\w-]+\.$/, '')
  const tried = waitsMs.length > 0 ? 'yes' : 'no'
  return [`\`${error.code}\``, tried, renderWaits(waitsMs), String(attempts), String(statusOf(error.kind)), detail]
}

describe('what becomes of a provider’s failures', () => {
  let upstream: MockUpstream
  before(async () => {
    const raw: Record<string, RawResponse> = {}
    rows.forEach(([condition = ''], row) => {
      for (const dialect of dialects) {
        const answer = failureCases[condition]?.answer
        if (answer !== undefined) raw[rawName(row, dialect)] = answer(dialect)
      }
    })
    upstream = await startMockUpstream({ raw })
  })
  after(() => upstream.stop())

  it('is in the table: every case has its row, and every row its case', () => {
    expect(rows.map(([condition]) => condition)).to.have.members(Object.keys(failureCases))
    expect(rows.map(([, providers]) => providers)).to.deep.equal(
      rows.map(([condition = '']) => providersOf(failureCases[condition] ?? { answer: undefined })),
    )
  })

  rows.forEach(([condition = '', , ...expected], row) => {
    const failureCase = failureCases[condition]
    for (const dialect of dialects) {
      if (failureCase === undefined || failureCase.only?.includes(dialect.name) === false) continue
      it(`is as in the table: ${condition} (${namesOf[dialect.name]})`, async () => {
        const name = rawName(row, dialect)
        const url =
          failureCase.answer === undefined ? `http://127.0.0.1:${await findClosedPort()}` : upstream.rawUrl(name)
        const patience = failureCase.isSilence === true ? { stallTimeoutMs } : {}
        const model = dialect.open(url, { key: canary, ...patience })
        const error = await appErrorOf(gatherEvents(model, request(dialect)))
        expect(`${error.detail} ${error.stack}`).not.to.include(canary)
        expect(error.cause).to.equal(undefined)
        expect(renderRow(error, dialect)).to.deep.equal(expected)
        expect(upstream.rawRequests(name)).to.have.length(failureCase.answer === undefined ? 0 : 1)
      })
    }
  })

  it('names a date as a time to wait, and the provider’s id of the request', async () => {
    const date = new Date(Date.now() + 30_000).toUTCString()
    const raw = {
      date: { status: 429, headers: { 'retry-after': date, 'x-request-id': 'req_12' }, body: '{}' },
    }
    const dated = await startMockUpstream({ raw })
    try {
      for (const dialect of dialects) {
        const error = await appErrorOf(gatherEvents(dialect.open(dated.rawUrl('date')), request(dialect)))
        expect(error.retryAfterMs, dialect.name).to.be.within(1, 30_000)
        expect(error.detail).to.match(/Its request id: req_12\.$/)
      }
    } finally {
      await dated.stop()
    }
  })

  it('takes no longer with a silent provider than the second table says', () => {
    const { waitsMs, attempts } = endOf(new AppError('llm.unavailable'))
    const waits = waitsMs.reduce<number>((total, wait) => total + (wait ?? 0), 0)
    const bound = (silenceMs: number) => [silenceMs, attempts * silenceMs + waits].map((ms) => `${ms / 1_000} s`)
    expect(readTable('A provider that says nothing').map((cells) => cells.slice(1))).to.deep.equal([
      bound(defaultStallTimeoutMs),
      bound(beginTimeout(defaultStallTimeoutMs)),
    ])
  })
})
