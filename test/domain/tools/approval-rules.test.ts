// Which policy a tool gets by its name.
import { expect } from 'chai'
import type { ApprovalPolicy } from '../../../domain/tools/approval.ts'
import { choosePolicy } from '../../../domain/tools/approval-rules.ts'

const policy = (id: string, ...match: string[]): ApprovalPolicy => ({
  id,
  match,
  approverRoles: ['approver'],
  quorum: 1,
  timeoutSeconds: 60,
  escalation: [],
  allowEdit: false,
  exempt: false,
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
})
const chosen = (name: string, ...policies: ApprovalPolicy[]): string | null =>
  choosePolicy({ name, policyId: null }, policies).id

describe('the policy of a tool', () => {
  for (const [glob, name, isMatch] of [
    ['post', 'post', true],
    ['post', 'post_2', false],
    ['post*', 'post', true],
    ['*post', 'a_post', true],
    ['*', 'anything', true],
    ['a*b*c', 'axxbxxc', true],
    ['a*b*c', 'axxcxxb', false],
    ['ab*ba', 'aba', false],
    ['a**b', 'ab', true],
    ['*x*', 'ab', false],
  ] as const) {
    it(`is${isMatch ? '' : 'n’t'} found by ${glob} for ${name}`, () => {
      expect(chosen(name, policy('1', glob))).to.equal(isMatch ? '1' : null)
    })
  }

  it('is the one of the longest glob, of equal ones the older, and the tool’s own before all', () => {
    const policies = [policy('2', 'post_*'), policy('1', 'post_*'), policy('3', '*')]
    expect(chosen('post_it', ...policies)).to.equal('1')
    expect(choosePolicy({ name: 'post_it', policyId: '3' }, policies).id).to.equal('3')
  })

  it('is found at once, however many stars a glob has', () => {
    expect(chosen('a'.repeat(63), policy('1', `${'a*'.repeat(31)}b`))).to.equal(null)
  })
})
