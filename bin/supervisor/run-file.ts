// `run.json` tells other programs where the running platform is and which processes it consists of. It exists only
// while the platform is ready; after a kill it stays behind, so a reader checks that the supervisor is alive.
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile, removeFile, writeJsonFile } from './json-file.ts'

/** Null stands for a part that isn't the platform's own: an external service, or one that is being restarted. */
const pid = z.number().int().positive().nullable()
const runFileSchema = z.object({
  apiUrl: z.string(),
  temporalUiUrl: z.string().nullable(),
  temporalAddress: z.string(),
  processes: z.object({ supervisor: pid.unwrap(), api: pid, worker: pid, database: pid, temporal: pid }),
})

export type RunFile = z.infer<typeof runFileSchema>

const pathOf = (dataDir: string): string => join(dataDir, 'run.json')

export function writeRunFile(dataDir: string, content: RunFile): void {
  writeJsonFile(pathOf(dataDir), content)
}

export function readRunFile(dataDir: string): RunFile | undefined {
  return runFileSchema.safeParse(readJsonFile(pathOf(dataDir))).data
}

export function removeRunFile(dataDir: string): void {
  removeFile(pathOf(dataDir))
}
