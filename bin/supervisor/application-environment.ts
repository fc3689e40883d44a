// What the application's processes get as their environment: the platform's own, with the embedded parts' addresses in
// the places of the real services', and without what only the supervisor needs. Empty means not set.
import type { Config } from '../../platform/config.ts'

export function applicationEnvironment(options: {
  readonly environment: NodeJS.ProcessEnv
  readonly config: Config
  /** The application's role, never the tables' owner. */
  readonly databaseUrl: string
  readonly temporalAddress: string
  /** Of the embedded Temporal. */
  readonly temporalUiUrl: string | undefined
  readonly logLevel: string
}): NodeJS.ProcessEnv {
  const { environment, config, databaseUrl, temporalAddress, temporalUiUrl, logLevel } = options
  const ownTemporal = config.temporal.address === undefined
  return {
    ...environment,
    DATABASE_URL: databaseUrl,
    DATABASE_OWNER_URL: '',
    CDSA_ADMIN_PASSWORD: '',
    TEMPORAL_ADDRESS: temporalAddress,
    // Credentials of a cluster that isn't used would only break the connection to the embedded server.
    ...(ownTemporal && {
      TEMPORAL_API_KEY: '',
      TEMPORAL_TLS_CERT_FILE: '',
      TEMPORAL_TLS_KEY_FILE: '',
      TEMPORAL_TLS_CA_FILE: '',
    }),
    CDSA_CODEC_ORIGINS: [...config.http.codecOrigins, ...(temporalUiUrl === undefined ? [] : [temporalUiUrl])].join(
      ',',
    ),
    CDSA_DATA_DIR: config.dataDir,
    LOG_LEVEL: logLevel,
  }
}
