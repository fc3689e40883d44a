// The form that every failure of the API has, whatever caused it.
import { expect } from 'chai'

export interface ProblemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** What nothing that a client sees may hold: a stack, a path of ours, or the word that tests send as a secret. */
const leak = /\\n +at |node_modules|\.ts:|hunter2/

/** Returns the problem. */
export function expectProblem(answer: ProblemAnswer, status: number): Record<string, unknown> {
  expect(answer.status, answer.text).to.equal(status)
  expect(answer.headers['content-type']).to.equal('application/problem+json')
  const problem = JSON.parse(answer.text) as Record<string, unknown>
  expect(problem).to.include.keys('type', 'title', 'status', 'code', 'instance')
  expect(problem['status']).to.equal(status)
  expect(answer.text).not.to.match(leak)
  return problem
}
