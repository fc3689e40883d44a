// The configuration: defaults, every fault at once, and secrets that can't be printed.
import { inspect } from 'node:util'
import { expect } from 'chai'
import { ConfigError, parseConfig } from '../../platform/config.ts'

describe('the configuration', () => {
  it('needs nothing, and takes blanks as absent', () => {
    const config = parseConfig({ PORT: '', OPENAI_API_KEY: '' })
    expect(config.http.port).to.equal(undefined)
    expect(config.http.host).to.equal('127.0.0.1')
    expect(config.llm.openai.apiKey).to.equal(undefined)
    expect(config.http.uploadLimitBytes).to.equal(100 * 1024 * 1024)
  })

  it('lists every fault by its variable, and no value', () => {
    const broken = { PORT: 'abc', LOG_LEVEL: 'loud', CDSA_DEFAULT_MODEL: 'gpt', OPENAI_BASE_URL: 'my-secret-host' }
    expect(() => parseConfig(broken))
      .to.throw(ConfigError, /4 fault/)
      .with.property('message')
      .that.matches(/PORT/)
      .and.matches(/LOG_LEVEL/)
      .and.matches(/CDSA_DEFAULT_MODEL/)
      .and.matches(/OPENAI_BASE_URL/)
      .and.does.not.match(/my-secret-host/)
  })

  it('reads OLLAMA_HOST as the server itself does, and refuses what is no host or holds a password', () => {
    for (const host of ['http://127.0.0.1:11434', '127.0.0.1:11434', 'ollama.example.org', ':11434', '0.0.0.0']) {
      expect(parseConfig({ OLLAMA_HOST: host }).llm.ollama.host, host).to.equal(host)
    }
    for (const host of ['ftp://host', 'a b', 'http://me:secret@host']) {
      expect(() => parseConfig({ OLLAMA_HOST: host }), host).to.throw(ConfigError, /OLLAMA_HOST/)
    }
  })

  it('takes a list of host:port for what may be reached, and none by default', () => {
    expect(parseConfig({}).egressAllow).to.deep.equal([])
    const list = 'db.internal:5432, 10.0.0.8:80,[fd00::1]:443'
    const entries = ['db.internal:5432', '10.0.0.8:80', '[fd00::1]:443']
    expect(parseConfig({ CDSA_EGRESS_ALLOW: list }).egressAllow).to.deep.equal(entries)
    for (const text of ['db.internal', '*:80', 'http://db:80', '10.0.0.0/8', 'db:0']) {
      expect(() => parseConfig({ CDSA_EGRESS_ALLOW: text }), text).to.throw(ConfigError, /CDSA_EGRESS_ALLOW/)
    }
  })

  it('takes an SMTP server by its URL, and keeps its password', () => {
    expect(parseConfig({}).mail.smtpUrl).to.equal(undefined)
    const { mail } = parseConfig({ SMTP_URL: 'smtp://me:canary@mail.example.org:587', CDSA_MAIL_FROM: 'a@example.org' })
    expect(mail.smtpUrl?.reveal()).to.include('canary')
    expect(inspect(mail, { depth: 10 })).not.to.include('canary')
    for (const url of ['http://mail.example.org', 'mail.example.org:25', 'smtp:', 'smtp://']) {
      expect(() => parseConfig({ SMTP_URL: url }), url).to.throw(ConfigError, /SMTP_URL/)
    }
  })

  it('bounds how long access tokens and copies of the JWKS are good', () => {
    expect(parseConfig({}).tokenTimes).to.deep.equal({ accessTokenSeconds: 600, jwksMaxAgeSeconds: 300 })
    const given = { CDSA_ACCESS_TOKEN_SECONDS: '20', CDSA_JWKS_MAX_AGE_SECONDS: '3' }
    expect(parseConfig(given).tokenTimes).to.deep.equal({ accessTokenSeconds: 20, jwksMaxAgeSeconds: 3 })
    for (const [name, value] of [
      ['CDSA_ACCESS_TOKEN_SECONDS', '0'],
      ['CDSA_ACCESS_TOKEN_SECONDS', '3601'],
      ['CDSA_JWKS_MAX_AGE_SECONDS', '0'],
      ['CDSA_JWKS_MAX_AGE_SECONDS', '86401'],
    ] as const)
      expect(() => parseConfig({ [name]: value })).to.throw(name)
  })

  it('says which variables go together', () => {
    expect(() => parseConfig({ DATABASE_OWNER_URL: 'postgres://x' })).to.throw('needs DATABASE_URL')
    expect(() => parseConfig({ TEMPORAL_TLS_CERT_FILE: 'x' })).to.throw('TEMPORAL_TLS_KEY_FILE')
  })

  it('takes a provider of sign-in whole, and in the clear only on this machine', () => {
    const OIDC_ISSUER = 'https://id.example.org/realms/main'
    const whole = { OIDC_ISSUER, OIDC_CLIENT_ID: 'cdsa' }
    expect(parseConfig({}).auth.oidc).to.equal(undefined)
    expect(parseConfig(whole).auth.oidc).to.deep.equal({
      issuer: OIDC_ISSUER,
      clientId: 'cdsa',
      clientSecret: undefined,
    })
    expect(() => parseConfig({ OIDC_ISSUER })).to.throw(ConfigError, /OIDC_CLIENT_ID/)
    expect(() => parseConfig({ OIDC_CLIENT_ID: 'cdsa' })).to.throw(ConfigError, /OIDC_ISSUER/)
    expect(() => parseConfig({ OIDC_CLIENT_SECRET: 'canary' }))
      .to.throw(ConfigError, /OIDC_CLIENT_SECRET needs/)
      .with.property('message')
      .that.does.not.include('canary')
    for (const issuer of ['http://127.0.0.1:9000', 'http://localhost:9000', 'http://[::1]:9000/realm'])
      expect(parseConfig({ ...whole, OIDC_ISSUER: issuer }).auth.oidc?.issuer).to.equal(issuer)
    for (const issuer of ['http://id.example.org', 'http://10.0.0.1', 'http://127.0.0.1.example.org', 'ftp://a', 'id'])
      expect(() => parseConfig({ ...whole, OIDC_ISSUER: issuer }), issuer).to.throw(ConfigError, /OIDC_ISSUER/)
    for (const issuer of ['https://a@id.example.org', 'https://id.example.org/?a', 'https://id.example.org/#a'])
      expect(() => parseConfig({ ...whole, OIDC_ISSUER: issuer }), issuer).to.throw(ConfigError, /OIDC_ISSUER/)
  })

  it('asks for the address that browsers come back to, unless it listens on this machine alone', () => {
    const provider = { OIDC_ISSUER: 'https://id.example.org', OIDC_CLIENT_ID: 'cdsa' }
    expect(() => parseConfig({ ...provider, HOST: '0.0.0.0' })).to.throw(ConfigError, /CDSA_PUBLIC_URL/)
    const CDSA_PUBLIC_URL = 'https://ai.example.org'
    expect(parseConfig({ ...provider, HOST: '0.0.0.0', CDSA_PUBLIC_URL }).auth.publicUrl).to.equal(CDSA_PUBLIC_URL)
    for (const HOST of ['127.0.0.1', 'localhost', '::1']) expect(parseConfig({ ...provider, HOST })).to.be.an('object')
    expect(() => parseConfig({ ...provider, CDSA_PUBLIC_URL: 'http://ai.example.org' })).to.throw(/CDSA_PUBLIC_URL/)
    expect(parseConfig({ ...provider, CDSA_PUBLIC_URL: 'http://localhost:3000' })).to.be.an('object')
    for (const url of ['https://ai.example.org/', 'https://ai.example.org/x', 'ai.example.org'])
      expect(() => parseConfig({ CDSA_PUBLIC_URL: url }), url).to.throw(ConfigError, /CDSA_PUBLIC_URL/)
  })

  it('shows no secret however it is printed, and can’t be changed', () => {
    const config = parseConfig({
      OPENAI_API_KEY: 'sk-canary',
      DATABASE_URL: 'postgres://u:canary@h/d',
      CDSA_PLATFORM_KEY: 'canary',
    })
    for (const text of [JSON.stringify(config), inspect(config, { depth: 10 }), String(config.llm.openai.apiKey)]) {
      expect(text).not.to.include('canary')
    }
    expect(config.llm.openai.apiKey?.reveal()).to.equal('sk-canary')
    expect(() => Object.assign(config.http, { port: 1 })).to.throw(TypeError)
  })
})
