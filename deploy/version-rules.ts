// Which releases run: every image is pinned, and what deploy/versions.json states holds wherever a version is written.
import { type Rule, unless } from './rule.ts'

export const imagesArePinned: Rule = ({ services, text }) => {
  const base = /^ARG NODE_IMAGE=(.*)$/m.exec(text.Dockerfile)?.[1]
  const images: [string, string | undefined][] = Object.entries(services).map(([name, { image }]) => [name, image])
  const foreign = [...text.Dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image)
  return [
    ...[...images, ['Dockerfile', base] as const].flatMap(([name, image]) =>
      unless(
        /^[a-z0-9./-]+:v?\d+\.\d+\.\d+[a-z0-9.-]*$/.test(image ?? ''),
        `${name}: ${image ?? 'no image'} isn't pinned to a release`,
      ),
    ),
    ...foreign.flatMap((image) =>
      unless(image === '$'.concat('{NODE_IMAGE}'), `Dockerfile starts from ${image}, not from NODE_IMAGE`),
    ),
  ]
}

export const versionsAgree: Rule = ({ services, text, versions, engines, release: own }) => {
  const expected: readonly [string, string | undefined, string][] = [
    ['postgres', services['postgres']?.image, `pgvector/pgvector:${versions.pgvector}-pg${versions.postgres}`],
    ['valkey', services['valkey']?.image, `valkey/valkey:${versions.valkey}.`],
    ['temporal', services['temporal']?.image, `temporalio/server:${versions.temporalServer}.`],
    ['Dockerfile', /^ARG NODE_IMAGE=(.*)$/m.exec(text.Dockerfile)?.[1], `node:${versions.node}.`],
  ]
  const ours = Object.entries(services).filter(([, { build }]) => build !== undefined)
  const release = services['temporal']?.image?.split(':')[1]
  const lowest = Number(/\d+/.exec(engines)?.[0])
  return [
    ...expected.flatMap(([name, image, start]) =>
      unless(image?.startsWith(start) === true, `${name} uses ${image}, but deploy/versions.json wants ${start}…`),
    ),
    ...['temporal-schema', 'temporal-namespace'].flatMap((name) =>
      unless(
        services[name]?.image === `temporalio/admin-tools:${release}`,
        `${name} isn't of Temporal's release ${release}`,
      ),
    ),
    ...ours.flatMap(([name, { image }]) =>
      unless(image === `cdsa:${own}`, `${name} runs ${image}, not this release, cdsa:${own}`),
    ),
    ...unless(Number(versions.node) >= lowest, `Node ${versions.node} doesn't satisfy engines (${engines})`),
    ...unless(text['.ci/run'].includes(`node@${versions.node}`), `.ci/run doesn't know Node ${versions.node}`),
    ...unless(
      text['.ci/run'].includes(`cli_version=${versions.temporalCli}\n`),
      `.ci/run has another Temporal CLI than ${versions.temporalCli}`,
    ),
    ...unless(
      text['platform/embedded/temporal-cli.ts'].includes(`'${versions.temporalCli}'`),
      `temporal-cli.ts has another Temporal CLI than ${versions.temporalCli}`,
    ),
    ...unless(
      text['bin/explain-database-failure.ts'].includes(`postgresql-${versions.postgres}-pgvector`),
      `explain-database-failure.ts advises another Postgres than ${versions.postgres}`,
    ),
  ]
}
