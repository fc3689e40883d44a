// What must hold between the deployment files and the code. Each rule gives the faults that it finds, in words that name
// the place and what to change.
import { queueNames } from '../domain/task-queues.ts'
import { defaultPorts } from '../platform/config.ts'
import { environmentVariables } from '../platform/environment.ts'
import type { ComposeService, DeploymentFiles } from './deployment-files.ts'
import { type Rule, unless } from './rule.ts'
import { imagesArePinned, versionsAgree } from './version-rules.ts'

/** What every process of ours needs in a container; migrations also need the owner and the first administrator. */
const requiredOfAll = [
  'DATABASE_URL',
  'REDIS_URL',
  'TEMPORAL_ADDRESS',
  'CDSA_MASTER_KEY',
  'CDSA_PLATFORM_KEY',
  'CDSA_AUDIT_KEY',
  'CDSA_DATA_DIR',
]
const requiredOf: Readonly<Record<string, readonly string[]>> = {
  api: [...requiredOfAll, 'HOST', 'PORT'],
  migrate: [...requiredOfAll, 'DATABASE_OWNER_URL', 'CDSA_ADMIN_EMAIL', 'CDSA_ADMIN_PASSWORD'],
}
/** After the grace, what was cancelled gets this long. */
const afterGraceSeconds = 5

const own = (files: DeploymentFiles): [string, ComposeService][] =>
  Object.entries(files.services).filter(([, service]) => service.build !== undefined)
const variablesOf = (service: ComposeService): string[] => Object.keys(service.environment ?? {})
const assignments = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))

const variablesAreRead: Rule = (files) => {
  const fromDockerfile = [...files.text.Dockerfile.matchAll(/^(?:ENV| {2,})\s*([A-Z][A-Z0-9_]*)=/gm)].map(
    ([, name]) => name ?? '',
  )
  return [
    ...own(files).flatMap(([name, service]) => [
      ...variablesOf(service)
        .filter((variable) => !environmentVariables.includes(variable))
        .map((variable) => `${name} sets ${variable}, which the configuration doesn't read`),
      ...(requiredOf[name] ?? requiredOfAll)
        .filter((variable) => !variablesOf(service).includes(variable))
        .map((variable) => `${name} lacks ${variable}`),
      ...unless(
        name === 'migrate' || !variablesOf(service).includes('DATABASE_OWNER_URL'),
        `${name} gets DATABASE_OWNER_URL, which only migrate may have`,
      ),
    ]),
    ...fromDockerfile
      .filter((variable) => !environmentVariables.includes(variable))
      .map((variable) => `Dockerfile sets ${variable}, which the configuration doesn't read`),
  ]
}

/** A secret is a required variable without a default, or an optional one that is empty by default. */
const secretsHaveNoDefault: Rule = ({ services }) =>
  Object.entries(services).flatMap(([name, { environment = {} }]) =>
    Object.entries(environment).flatMap(([variable, value]) => {
      const text = String(value)
      const password = /^[a-z]+:\/\/[^:@]*:(.*)@/.exec(text)?.[1]
      const secret = password ?? (/(PASSWORD|_PWD|_KEY|_SECRET|AUTH)$/.test(variable) ? text : undefined)
      return unless(
        secret === undefined || /^\$\{[A-Z0-9_]+:(\?[^}]+|-)\}$/.test(secret),
        `${name} gives ${variable} a value or a default: take it from \${…:?what to set}`,
      )
    }),
  )

const requiredVariablesAreNamed: Rule = ({ text }) => {
  const required = [
    ...new Set([...text['docker-compose.yml'].matchAll(/\$\{([A-Z0-9_]+):\?/g)].map(([, name = '']) => name)),
  ]
  const development = assignments(text['deploy/development.env'])
  const production = assignments(text['deploy/production.env.example'])
  return required.flatMap((name) => [
    ...unless((development.get(name) ?? '') !== '', `deploy/development.env gives no ${name}`),
    ...unless(production.get(name) === '', `deploy/production.env.example must name ${name} and leave it empty`),
  ])
}

const portsAgree: Rule = ({ services, text }) => {
  const port = String(defaultPorts.api)
  const { api, 'temporal-ui': ui } = services
  return [
    ...Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.flatMap((published) =>
        unless(
          /^(127\.0\.0\.1|\$\{CDSA_BIND:-127\.0\.0\.1\}):/.test(published),
          `${name} publishes ${published} beyond loopback`,
        ),
      ),
    ),
    ...unless(String(api?.environment?.['PORT']) === port, `api must listen on ${port}`),
    ...unless(api?.ports?.[0]?.endsWith(`:-${port}}:${port}`) === true, `api must be published as ${port} by default`),
    ...unless(
      api?.healthcheck?.test.join(' ').includes(`127.0.0.1:${port}/readyz'`) === true,
      `api's health check must ask /readyz on ${port}`,
    ),
    ...unless(new RegExp(`^EXPOSE ${port}$`, 'm').test(text.Dockerfile), `Dockerfile must expose ${port}`),
    ...unless(new RegExp(`\\bPORT=${port}\\b`).test(text.Dockerfile), `Dockerfile must set PORT=${port}`),
    ...unless(
      ui?.ports?.[0]?.includes(`:-${defaultPorts.temporalUi}}:`) === true,
      `temporal-ui must be published as ${defaultPorts.temporalUi}`,
    ),
  ]
}

/** The compiled scripts of a command, each with the source that it must have. */
const scriptsOf = (command: readonly string[]): string[] => command.filter((word) => word.startsWith('dist/'))
const queuesOf = (command: readonly string[]): readonly string[] | undefined => {
  const at = command.indexOf('--queues')
  return at === -1 ? undefined : (command[at + 1] ?? '').split(',')
}

const commandsExist: Rule = (files) => {
  const image = JSON.parse(/^CMD (\[.*\])$/m.exec(files.text.Dockerfile)?.[1] ?? '[]') as string[]
  const commands: [string, readonly string[]][] = [
    ['Dockerfile', image],
    ...own(files).map(([name, { command = [] }]): [string, readonly string[]] => [name, command]),
  ]
  const mounts = Object.entries(files.services).flatMap(([name, { volumes = [] }]) =>
    volumes.filter((volume) => volume.startsWith('./')).map((volume) => [name, volume.split(':')[0] ?? ''] as const),
  )
  return [
    ...commands.flatMap(([name, command]) => [
      ...unless(scriptsOf(command).length === 1, `${name} must run one script of dist/`),
      ...scriptsOf(command).flatMap((script) =>
        unless(
          files.exists(script.replace(/^dist\//, '').replace(/\.js$/, '.ts')),
          `${name} runs ${script}, which isn't built`,
        ),
      ),
      ...(queuesOf(command) ?? [])
        .filter((queue) => !queueNames.some((known) => known === queue))
        .map((queue) => `${name} works on ${queue}, which is no queue`),
    ]),
    ...mounts.flatMap(([name, path]) => unless(files.exists(path), `${name} mounts ${path}, which isn't there`)),
    ...[...files.text['.dockerignore'].matchAll(/^!(.*)$/gm)].flatMap(([, path = '']) =>
      unless(files.exists(path), `.dockerignore lets ${path} through, which isn't there`),
    ),
  ]
}

const everyQueueHasAWorker: Rule = (files) =>
  ['development', 'production'].flatMap((profile) => {
    const workers = own(files).filter(
      ([, { profiles, command = [] }]) =>
        profiles?.includes(profile) === true && command.some((word) => word.endsWith('/worker.js')),
    )
    const covered = workers.flatMap(([, { command = [] }]) => queuesOf(command) ?? queueNames)
    return queueNames
      .filter((queue) => !covered.includes(queue))
      .map((queue) => `${profile} has no worker for ${queue}`)
  })

const servicesAreSupervised: Rule = ({ services, text }) => {
  const asked = Object.values(services).flatMap(({ depends_on = {} }) =>
    Object.entries(depends_on).flatMap(([name, { condition }]) => (condition === 'service_healthy' ? [name] : [])),
  )
  const graceMs = Number(assignments(text['deploy/production.env.example']).get('CDSA_SHUTDOWN_GRACE_MS'))
  return Object.entries(services).flatMap(([name, service]) => {
    const serves = asked.includes(name) || service.ports !== undefined
    const seconds = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1])
    return [
      ...unless(!serves || service.healthcheck !== undefined, `${name} serves without a health check`),
      ...unless(service.container_name === undefined, `${name} has a fixed name, so it can't be scaled`),
      ...unless(
        service.build === undefined || seconds > graceMs / 1000 + afterGraceSeconds,
        `${name} is killed after ${service.stop_grace_period}, before its own ${graceMs} ms of grace and ${afterGraceSeconds} s are over`,
      ),
    ]
  })
}

const exampleIsComplete: Rule = ({ text }) => {
  const listed = [...text['.env.example'].matchAll(/^#? ?([A-Z][A-Z0-9_]*)=/gm)].map(([, name = '']) => name)
  return [
    ...environmentVariables.filter((name) => !listed.includes(name)).map((name) => `.env.example lacks ${name}`),
    ...listed
      .filter((name, at) => !environmentVariables.includes(name) || listed.indexOf(name) !== at)
      .map((name) => `.env.example lists ${name} twice, or though nothing reads it`),
  ]
}

const searchAttributesAgree: Rule = ({ text }) => {
  const embedded = [...text['platform/embedded/temporal-server.ts'].matchAll(/'?([A-Za-z]+)=Keyword/g)].map(
    ([, name = '']) => name,
  )
  return [
    ...unless(embedded.length > 0, 'temporal-server.ts registers no search attribute'),
    ...embedded.flatMap((name) =>
      unless(
        text['deploy/temporal/namespace.sh'].includes(`--name ${name} --type Keyword`),
        `namespace.sh doesn't register ${name}`,
      ),
    ),
  ]
}

export const deploymentRules: readonly Rule[] = [
  variablesAreRead,
  secretsHaveNoDefault,
  requiredVariablesAreNamed,
  imagesArePinned,
  versionsAgree,
  portsAgree,
  commandsExist,
  everyQueueHasAWorker,
  servicesAreSupervised,
  exampleIsComplete,
  searchAttributesAgree,
]
