// The deployment files keep every rule; and each rule, when one thing is broken, says so: a check that can't fail is none.
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type ComposeService, type DeploymentFiles, readDeploymentFiles } from '../../deploy/deployment-files.ts'
import { deploymentRules } from '../../deploy/deployment-rules.ts'

const files = readDeploymentFiles(fileURLToPath(new URL('../..', import.meta.url)))

const faultsOf = (broken: DeploymentFiles): string[] => deploymentRules.flatMap((rule) => rule(broken))
const withService = (name: string, change: Partial<ComposeService>): DeploymentFiles => ({
  ...files,
  services: { ...files.services, [name]: { ...files.services[name], ...change } },
})
const withVariable = (name: string, variable: string, value: string | undefined): DeploymentFiles => {
  const { [variable]: _old, ...rest } = files.services[name]?.environment ?? {}
  return withService(name, { environment: value === undefined ? rest : { ...rest, [variable]: value } })
}
const withText = (path: keyof DeploymentFiles['text'], from: string | RegExp, to: string): DeploymentFiles => {
  const text = files.text[path].replace(from, to)
  expect(text, `nothing to replace in ${path}`).to.not.equal(files.text[path])
  return { ...files, text: { ...files.text, [path]: text } }
}
const without = (path: string): DeploymentFiles => ({
  ...files,
  exists: (asked) => asked !== path && files.exists(asked),
})
const required = (name: string): string => ['$', `{${name}:?set it}`].join('')

const broken: readonly [string, DeploymentFiles, RegExp][] = [
  ['a variable that nothing reads', withVariable('api', 'CDSA_PROT', '1'), /api sets CDSA_PROT/],
  ['a variable of the image that nothing reads', withText('Dockerfile', ' HOST=', ' HOSTS='), /Dockerfile sets HOSTS/],
  ['a missing variable', withVariable('worker', 'REDIS_URL', undefined), /worker lacks REDIS_URL/],
  ['a missing key', withVariable('worker-llm', 'CDSA_PLATFORM_KEY', undefined), /worker-llm lacks CDSA_PLATFORM_KEY/],
  ['the owner’s URL where it isn’t needed', withVariable('api', 'DATABASE_OWNER_URL', 'x'), /only migrate/],
  ['a default password', withVariable('postgres', 'POSTGRES_PASSWORD', 'postgres'), /postgres gives POSTGRES_PASSWORD/],
  [
    'a password with a default',
    withVariable('postgres', 'POSTGRES_PASSWORD', ['$', '{POSTGRES_PASSWORD:-secret}'].join('')),
    /postgres gives POSTGRES_PASSWORD/,
  ],
  [
    'a password in a URL',
    withVariable('api', 'DATABASE_URL', 'postgres://a:b@postgres/cdsa'),
    /api gives DATABASE_URL/,
  ],
  [
    'a required variable that the forms don’t name',
    withText('docker-compose.yml', 'services:', `services: # ${required('CDSA_NEW')}`),
    /development.env gives no CDSA_NEW/,
  ],
  [
    'a production form with a password',
    withText('deploy/production.env.example', 'VALKEY_PASSWORD=', 'VALKEY_PASSWORD=secret'),
    /must name VALKEY_PASSWORD/,
  ],
  ['an image without a release', withService('valkey', { image: 'valkey/valkey:latest' }), /valkey.*isn't pinned/],
  ['an image with a major release only', withService('ollama', { image: 'ollama/ollama:0' }), /ollama.*isn't pinned/],
  [
    'a stage on another image',
    withText('Dockerfile', /^FROM .* AS packages/m, 'FROM node:24 AS packages'),
    /starts from/,
  ],
  [
    'another Postgres',
    withService('postgres', { image: 'pgvector/pgvector:0.8.0-pg16' }),
    /postgres uses .*pg16, but deploy\/versions.json/,
  ],
  ['another Temporal', withService('temporal', { image: 'temporalio/server:1.29.1' }), /temporal uses/],
  [
    'another Temporal schema',
    withService('temporal-schema', { image: 'temporalio/admin-tools:1.30.1' }),
    /release 1\.31/,
  ],
  ['another Node', withText('Dockerfile', 'NODE_IMAGE=node:24', 'NODE_IMAGE=node:22'), /Dockerfile uses node:22/],
  ['an image of another release', withService('api', { image: 'cdsa:0.0.9' }), /api runs cdsa:0\.0\.9/],
  ['a Node that engines refuse', { ...files, engines: '>=26' }, /doesn't satisfy engines/],
  ['another Node in CI', withText('.ci/run', 'node@24', 'node@22'), /\.ci\/run doesn't know Node/],
  ['another Temporal CLI in CI', withText('.ci/run', /cli_version=\S+/, 'cli_version=v1.5.0'), /\.ci\/run has another/],
  [
    'another Temporal CLI',
    withText('platform/embedded/temporal-cli.ts', /'v1\.\d+\.\d+'/, "'v1.0.0'"),
    /temporal-cli.ts/,
  ],
  [
    'advice on another Postgres',
    withText('bin/explain-database-failure.ts', /postgresql-17/g, 'postgresql-16'),
    /advises/,
  ],
  ['a port for everybody', withService('valkey', { ports: ['6379:6379'] }), /valkey publishes 6379:6379 beyond/],
  ['another port', withVariable('api', 'PORT', '8080'), /api must listen on 3000/],
  ['another published port', withService('api', { ports: ['127.0.0.1:80:8080'] }), /api must be published/],
  [
    'a health check of another port',
    withService('api', { healthcheck: { test: ['CMD', 'node', '-e', "fetch('http://127.0.0.1:8080/readyz')"] } }),
    /health check must ask/,
  ],
  ['another exposed port', withText('Dockerfile', 'EXPOSE 3000', 'EXPOSE 8080'), /must expose 3000/],
  ['another port in the image', withText('Dockerfile', 'PORT=3000', 'PORT=80'), /must set PORT=3000/],
  ['another port of the Web UI', withService('temporal-ui', { ports: ['127.0.0.1:8080:8080'] }), /published as 8233/],
  ['a command that isn’t built', without('bin/worker.ts'), /worker runs dist\/bin\/worker\.js/],
  ['a service without a command', withService('api', { command: ['node'] }), /api must run one script/],
  ['a mount that isn’t there', without('./deploy/postgres/roles.sh'), /postgres mounts/],
  ['a source that isn’t there', without('workflows'), /lets workflows through/],
  [
    'an unknown queue',
    withService('worker-llm', { command: ['node', 'dist/bin/worker.js', '--queues', 'llms'] }),
    /works on llms, which is no queue/,
  ],
  [
    'a queue without a worker',
    withService('worker-documents', { profiles: [] }),
    /production has no worker for documents/,
  ],
  ['a server without a health check', withoutHealthCheck('temporal'), /temporal serves without/],
  ['a fixed name', withService('api', { container_name: 'api' }), /api has a fixed name/],
  ['a kill within the grace', withService('worker', { stop_grace_period: '75s' }), /worker is killed after 75s/],
  ['an example that lacks a variable', withText('.env.example', '# REDIS_URL=', '# '), /lacks REDIS_URL/],
  ['an example that lists too much', withText('.env.example', '# REDIS_URL=', '# OLD=1\n# REDIS_URL='), /lists OLD/],
  [
    'a search attribute that isn’t registered',
    withText('deploy/temporal/namespace.sh', '--name ApprovalState', '--name Other'),
    /doesn't register ApprovalState/,
  ],
]

function withoutHealthCheck(name: string): DeploymentFiles {
  const { healthcheck: _healthcheck, ...rest } = files.services[name] ?? {}
  return { ...files, services: { ...files.services, [name]: rest } }
}

describe('the deployment files', () => {
  it('agree with the code', () => {
    expect(faultsOf(files)).to.deep.equal([])
  })

  for (const [what, changed, fault] of broken) {
    it(`are refused with ${what}`, () => {
      const faults = faultsOf(changed)
      expect(
        faults.some((text) => fault.test(text)),
        faults.join('\n'),
      ).to.equal(true)
    })
  }
})
