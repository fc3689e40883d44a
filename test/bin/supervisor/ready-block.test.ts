// The block that a person reads when everything runs.
import { expect } from 'chai'
import { administratorNotice, readyBlock } from '../../../bin/supervisor/ready-block.ts'

const facts = {
  apiUrl: 'http://127.0.0.1:3001',
  temporalUiUrl: 'http://127.0.0.1:8234',
  dataDir: '/srv/cdsa',
  seconds: 6.24,
  quiet: false,
}

describe('readyBlock', () => {
  it('names the API, its reference, the Temporal Web UI and the data directory', () => {
    const block = readyBlock(facts)
    for (const part of [
      'http://127.0.0.1:3001/api/v1',
      'http://127.0.0.1:3001/docs',
      'http://127.0.0.1:8234',
      '/srv/cdsa',
      '6.2 s',
    ]) {
      expect(block).to.contain(part)
    }
  })

  it('shows the administrator’s credentials only when there are some to show', () => {
    const administrator = { email: 'admin@example.org', password: 'shown-once' }
    expect(readyBlock({ ...facts, administrator }))
      .to.contain('admin@example.org')
      .and.contain('shown-once')
    expect(readyBlock(facts)).not.to.match(/password/i)
  })

  it('leaves out the Web UI of a Temporal that isn’t the platform’s own', () => {
    expect(readyBlock({ ...facts, temporalUiUrl: null })).not.to.match(/temporal/i)
  })

  it('says how to see more where only warnings are shown', () => {
    expect(readyBlock({ ...facts, quiet: true })).to.contain('LOG_LEVEL=info')
    expect(readyBlock(facts)).not.to.contain('LOG_LEVEL')
  })
})

describe('administratorNotice', () => {
  it('carries both parts of the credentials', () => {
    const notice = administratorNotice({ email: 'admin@example.org', password: 'shown-once' })
    expect(notice).to.contain('admin@example.org').and.contain('shown-once')
  })
})
