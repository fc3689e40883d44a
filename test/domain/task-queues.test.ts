// A workflow finds the queues beside its own, whatever its deployment's prefix is.
import { expect } from 'chai'
import { siblingQueue } from '../../domain/task-queues.ts'

describe('siblingQueue', () => {
  it('has the prefix of its own', () => {
    expect(siblingQueue('cdsa-llm', 'tools')).to.equal('cdsa-tools')
    expect(siblingQueue('team-llm-2-llm', 'tools')).to.equal('team-llm-2-tools')
    expect(siblingQueue('elsewhere', 'tools')).to.equal('elsewhere-tools')
  })
})
