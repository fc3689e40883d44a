// Where the embedded Temporal's Web UI will have payloads decoded. It must be told when it starts, which is before the API
// has opened its port, so the port is foreseen here.
import { type Config, defaultPorts } from '../../platform/config.ts'
import { choosePort } from '../../platform/embedded/ports.ts'
import type { Logger } from '../../platform/logger.ts'

/** Addresses by which a page at 127.0.0.1, where the Web UI is, reaches the API on its own site: else no cookie goes along. */
const sameSite: ReadonlySet<string> = new Set(['127.0.0.1', '0.0.0.0'])
const codecUrl = (port: number): string => `http://127.0.0.1:${port}/api/v1/codec`

/** Undefined where it can't be foreseen, or wouldn't serve. Throws StartError when a given port is taken. */
export async function chooseCodecEndpoint({ http }: Config): Promise<string | undefined> {
  const { host, port: given } = http
  // The API itself opens the port, or the next free one if none is given; a taken one is told before the slow steps.
  const port = await choosePort({ host, given, preferred: defaultPorts.api, variable: 'PORT' })
  return given !== 0 && sameSite.has(host) ? codecUrl(port) : undefined
}

/** The foreseen port may have been taken in the meantime. */
export function warnOfOtherPort(options: {
  readonly codecEndpoint: string | undefined
  readonly apiUrl: string
  readonly log: Logger
}): void {
  const { codecEndpoint, apiUrl, log } = options
  const actual = codecUrl(Number(new URL(apiUrl).port))
  if (codecEndpoint === undefined || codecEndpoint === actual) return
  log.warn(
    { codecEndpoint: actual },
    'the API opened another port than foreseen: set this endpoint in the Temporal Web UI',
  )
}
