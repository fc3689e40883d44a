// Connections to Temporal, by configuration: for the client here, and the same options for workers. The client reads and
// writes payloads as the workers do.
import { readFile } from 'node:fs/promises'
import { Client, Connection, type ConnectionOptions } from '@temporalio/client'
import { AppError } from '../../domain/errors.ts'
import type { Config } from '../config.ts'
import type { PlatformKeys } from '../keys.ts'
import { createDataConverter } from './data-converter.ts'

export interface TemporalConnectionOptions {
  readonly address: string
  readonly tls?: NonNullable<ConnectionOptions['tls']>
  readonly apiKey?: string
}

const readIfGiven = (file: string | undefined): Promise<Buffer | undefined> =>
  file === undefined ? Promise.resolve(undefined) : readFile(file)

async function tlsOptions({ temporal }: Config): Promise<ConnectionOptions['tls']> {
  const { certFile, keyFile, caFile, serverName } = temporal.tls
  if (certFile === undefined && caFile === undefined && serverName === undefined)
    return temporal.apiKey === undefined ? undefined : true
  const [crt, key, ca] = await Promise.all([certFile, keyFile, caFile].map(readIfGiven))
  return {
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
  }
}

/** Throws `service.unavailable` when no address is configured. */
export async function temporalConnectionOptions(config: Config): Promise<TemporalConnectionOptions> {
  const { address, apiKey } = config.temporal
  if (address === undefined) throw new AppError('service.unavailable', { detail: 'TEMPORAL_ADDRESS isn’t set.' })
  const tls = await tlsOptions(config)
  return {
    address,
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
  }
}

/** A client whose connection is made at its first call, so that the API starts while Temporal is down. */
export async function createTemporalClient(config: Config, keys: PlatformKeys): Promise<Client> {
  const connection = Connection.lazy(await temporalConnectionOptions(config))
  const dataConverter = createDataConverter({ config, keys })
  return new Client({ connection, namespace: config.temporal.namespace, dataConverter })
}
