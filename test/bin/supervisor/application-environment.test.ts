// What the application's processes are told, and what is kept from them.
import { expect } from 'chai'
import { applicationEnvironment } from '../../../bin/supervisor/application-environment.ts'
import { parseConfig } from '../../../platform/config.ts'

const build = (environment: Record<string, string>) =>
  applicationEnvironment({
    environment,
    config: parseConfig(environment),
    databaseUrl: 'postgres://app@localhost/cdsa',
    temporalAddress: '127.0.0.1:7000',
    temporalUiUrl: environment['TEMPORAL_ADDRESS'] === undefined ? 'http://127.0.0.1:8233' : undefined,
    logLevel: 'warn',
  })

describe('applicationEnvironment', () => {
  it('points at the embedded parts, and passes the rest of the environment on', () => {
    const config = parseConfig(build({ OPENAI_API_KEY: 'k', CDSA_DATA_DIR: '/srv/cdsa', PATH: '/bin' }))
    expect(config.database.url?.reveal()).to.equal('postgres://app@localhost/cdsa')
    expect(config.temporal.address).to.equal('127.0.0.1:7000')
    expect(config.llm.openai.apiKey?.reveal()).to.equal('k')
    expect(config.dataDir).to.equal('/srv/cdsa')
    expect(config.logLevel).to.equal('warn')
  })

  it('keeps the tables’ owner and the administrator’s password from the application', () => {
    const config = parseConfig(
      build({
        DATABASE_URL: 'postgres://app@db/cdsa',
        DATABASE_OWNER_URL: 'postgres://owner@db/cdsa',
        CDSA_ADMIN_PASSWORD: 'secret of the first start',
      }),
    )
    expect(config.database.ownerUrl?.reveal()).to.equal('postgres://app@localhost/cdsa')
    expect(config.admin.password).to.equal(undefined)
  })

  it('lets the embedded Web UI have payloads decoded, beside those that are configured', () => {
    expect(parseConfig(build({})).http.codecOrigins).to.deep.equal(['http://127.0.0.1:8233'])
    const named = { CDSA_CODEC_ORIGINS: 'https://temporal.example.org' }
    expect(parseConfig(build(named)).http.codecOrigins)
      .to.have.length(2)
      .and.include(named.CDSA_CODEC_ORIGINS)
    const cluster = { ...named, TEMPORAL_ADDRESS: 'temporal.example.org:7233' }
    expect(parseConfig(build(cluster)).http.codecOrigins).to.deep.equal([named.CDSA_CODEC_ORIGINS])
  })

  it('gives credentials of a Temporal cluster to that cluster alone', () => {
    expect(parseConfig(build({ TEMPORAL_API_KEY: 'k' })).temporal.apiKey).to.equal(undefined)
    const own = build({ TEMPORAL_API_KEY: 'k', TEMPORAL_ADDRESS: 'temporal.example.org:7233' })
    expect(parseConfig(own).temporal.apiKey?.reveal()).to.equal('k')
  })
})
