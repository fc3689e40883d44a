// A directory of its own for each test of a suite, removed after it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Call it inside `describe`; the returned function gives the path inside a test. */
export function temporaryDirectory(): () => string {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-test-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))
  return () => directory
}
