// The deployment files as the checks see them: read once, parsed, so that each rule is a pure function and its tests can
// break one thing at a time.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export interface ComposeService {
  readonly image?: string
  readonly build?: unknown
  readonly profiles?: readonly string[]
  readonly container_name?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number | null>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly stop_grace_period?: string
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

export interface Versions {
  readonly node: string
  readonly postgres: string
  readonly pgvector: string
  readonly valkey: string
  readonly temporalServer: string
  readonly temporalCli: string
}

export interface DeploymentFiles {
  readonly services: Readonly<Record<string, ComposeService>>
  /** Each file's text, by its path in the project. */
  readonly text: Readonly<Record<(typeof textFiles)[number], string>>
  readonly versions: Versions
  /** The lowest Node that package.json allows. */
  readonly engines: string
  readonly release: string
  exists(path: string): boolean
}

const textFiles = [
  'Dockerfile',
  '.dockerignore',
  '.env.example',
  '.ci/run',
  'docker-compose.yml',
  'deploy/development.env',
  'deploy/production.env.example',
  'deploy/temporal/namespace.sh',
  'platform/embedded/temporal-cli.ts',
  'platform/embedded/temporal-server.ts',
  'bin/explain-database-failure.ts',
] as const

export function readDeploymentFiles(root: string): DeploymentFiles {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  const text = Object.fromEntries(textFiles.map((path) => [path, read(path)])) as DeploymentFiles['text']
  // The limit is against hostile files; ours repeats its blocks once for each service.
  const compose = parse(text['docker-compose.yml'], { merge: true, maxAliasCount: -1 }) as Pick<
    DeploymentFiles,
    'services'
  >
  const manifest = JSON.parse(read('package.json')) as { version: string; engines: { node: string } }
  return {
    services: compose.services,
    text,
    versions: JSON.parse(read('deploy/versions.json')) as Versions,
    engines: manifest.engines.node,
    release: manifest.version,
    exists: (path) => existsSync(join(root, path)),
  }
}
