// How values become what Temporal stores: the same for clients, workers and replay, or one couldn't read another's.
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DataConverter } from '@temporalio/common'
import type { Config } from '../config.ts'
import type { PlatformKeys } from '../keys.ts'
import { createPayloadCodec } from './payload-codec.ts'

/** A file as it lies beside this one, as source or compiled: the SDK takes a path, not an object. */
export const failureConverterPath = fileURLToPath(
  new URL(`failure-converter${extname(import.meta.url)}`, import.meta.url),
)

export const createDataConverter = ({
  config,
  keys,
}: {
  readonly config: Pick<Config, 'temporal'>
  readonly keys: Pick<PlatformKeys, 'currentId' | 'derive'>
}): DataConverter => ({
  payloadCodecs: [createPayloadCodec({ keys, namespace: config.temporal.namespace })],
  failureConverterPath,
})
