// A process that has a guarded process: prints the ids of that one and of its child, for a test that kills the parent.
import { tmpdir } from 'node:os'
import { ownScript } from '../../platform/embedded/own-script.ts'
import { runGuarded } from '../../platform/parsing/guarded-process.ts'

await runGuarded<{ readonly pid: number }, never>({
  entry: ownScript('./guarded-entry', import.meta.url),
  input: 'descend',
  cwd: tmpdir(),
  signal: new AbortController().signal,
  limits: { rssBytes: 2 ** 30, totalMs: 60_000, stallMs: 60_000 },
  onProgress: ({ pid }) => process.stdout.write(`${pid}\n`),
})
