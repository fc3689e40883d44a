// One platform process for all flow tests that don't kill it: started at the first need, stopped after the last test.
import { type PlatformProcess, startPlatformProcess } from './platform-process.ts'

let starting: Promise<PlatformProcess> | undefined

export function sharedPlatform(): Promise<PlatformProcess> {
  starting ??= startPlatformProcess()
  return starting
}

export async function stopSharedPlatform(): Promise<void> {
  const started = await starting?.catch(() => undefined)
  starting = undefined
  await started?.stop()
}
