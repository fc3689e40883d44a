// Small JSON files in the data directory, readable by their owner alone. Replaced in one step, so that whoever reads
// one, also after a kill, sees the old content or the new one and never half of it.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

export function writeJsonFile(file: string, content: unknown): void {
  const draft = `${file}.${process.pid}.tmp`
  writeFileSync(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}

/** Undefined when there is no such file, or when it isn't JSON. */
export function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown
  } catch {
    return undefined
  }
}

export function removeFile(file: string): void {
  rmSync(file, { force: true })
}
