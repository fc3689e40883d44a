// The commands that run a part of CDSA say what they need.
import { expect } from 'chai'
import { requireServices } from '../../bin/required-services.ts'
import { ConfigError, parseConfig } from '../../platform/config.ts'

describe('requireServices', () => {
  it('lists every variable that is missing, and why it is needed', () => {
    const config = parseConfig({ DATABASE_URL: 'postgres://app:sesame@db/cdsa' })
    const check = (): void => requireServices(config, ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'REDIS_URL'])
    expect(check).to.throw(ConfigError, /TEMPORAL_ADDRESS: .+\n.*REDIS_URL: .*tokens travel in memory/)
    expect(check).not.to.throw(/DATABASE_URL|sesame/)
  })

  it('passes when all are set', () => {
    const config = parseConfig({ DATABASE_URL: 'postgres://db/cdsa', TEMPORAL_ADDRESS: 'temporal:7233' })
    requireServices(config, ['DATABASE_URL', 'TEMPORAL_ADDRESS'])
  })
})
