// Where the Temporal CLI is looked for, with real files and, in the place of `go`, a script that makes a file as it does.
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { resolveTemporalCli } from '../../../platform/embedded/temporal-cli.ts'
import { rejection } from '../../support/rejection.ts'

describe('resolveTemporalCli', () => {
  let directory: string
  let environment: Record<string, string>
  let cached: string
  let lines: string[]

  const script = async (folder: string, name: string, body: string): Promise<string> => {
    const file = join(directory, folder, name)
    await mkdir(join(directory, folder), { recursive: true })
    await writeFile(file, `#!/bin/sh\n${body}\n`)
    await chmod(file, 0o755)
    return file
  }
  const resolve = (cliPath?: string): Promise<string> =>
    resolveTemporalCli({ cliPath, environment, progress: (line) => void lines.push(line) })

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-cli-'))
    lines = []
    cached = join(directory, 'cdsa', 'bin', 'temporal')
    environment = {
      PATH: join(directory, 'path'),
      XDG_CACHE_HOME: directory,
      // The download is refused at once, on this machine, whatever network there is.
      HTTPS_PROXY: 'http://127.0.0.1:9',
    }
  })
  afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

  it('takes TEMPORAL_CLI_PATH before anything else', async () => {
    await script('path', 'temporal', 'exit 0')
    const own = await script('own', 'temporal', 'exit 0')
    expect(await resolve(own)).to.equal(own)
  })

  it('refuses a TEMPORAL_CLI_PATH that is no executable file, and tries nothing else', async () => {
    await script('path', 'temporal', 'exit 0')
    const error = await rejection(resolve(join(directory, 'missing')))
    expect(error.message).to.contain('TEMPORAL_CLI_PATH')
  })

  it('takes the one on PATH before the cached one', async () => {
    await script('path', 'temporal', 'exit 0')
    await script('cdsa/bin', 'temporal', 'exit 0')
    expect(await resolve()).to.equal('temporal')
  })

  it('takes the cached one without a word', async () => {
    await script('cdsa/bin', 'temporal', 'exit 0')
    expect(await resolve()).to.equal(cached)
    expect(lines).to.deep.equal([])
  })

  it('builds it with Go into the cache, and says how long that takes', async () => {
    await script('path', 'go', '[ "$1" = version ] || { printf "%s" "$2" > "$GOBIN/temporal"; }')
    expect(await resolve()).to.equal(cached)
    expect(lines.join('\n')).to.contain('four minutes')
    expect(await readdir(join(directory, 'cdsa'))).to.deep.equal(['bin'])
  })

  it('names every way to provide it when there is none', async () => {
    await script('path', 'go', '[ "$1" = version ] || { echo "no route to modules" >&2; exit 1; }')
    const { message } = await rejection(resolve())
    for (const part of ['TEMPORAL_ADDRESS', 'TEMPORAL_CLI_PATH', 'PATH', cached, 'go install', 'no route to modules']) {
      expect(message).to.contain(part)
    }
    expect(await readdir(join(directory, 'cdsa'))).to.deep.equal(['bin'])
  })
})
