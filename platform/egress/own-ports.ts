// Where the platform's own parts listen: no allow-list opens them, or a tool could call the API, Temporal or the database
// behind everybody's back. A port alone says too little (another Postgres may be reached), so the host counts too.
import { networkInterfaces } from 'node:os'
import { type Config, defaultPorts } from '../config.ts'
import type { SecretValue } from '../secret-value.ts'
import { type ClassifiedAddress, classifyAddress } from './address.ts'
import { canonicalHost, type HostPort, parseHostPort } from './host-port.ts'

export interface OwnPort {
  /** Undefined for what listens on this machine or beside it: then the port is closed on every address that isn't public. */
  readonly host: string | undefined
  readonly first: number
  readonly last: number
}

/** From the default port, the API and Temporal's web UI move on to the next free one. */
const triedPorts = 100

const listener = (port: number | undefined, fallback: number): OwnPort =>
  port === undefined || port === 0
    ? { host: undefined, first: fallback, last: fallback + triedPorts - 1 }
    : { host: undefined, first: port, last: port }

const at = ({ host, port }: HostPort): OwnPort => ({ host, first: port, last: port })

/** Of a connection string; none for a socket in the file system. */
function serverOf(url: SecretValue | undefined, defaultPort: number): OwnPort[] {
  if (url === undefined || !URL.canParse(url.reveal())) return []
  const { hostname, port, searchParams } = new URL(url.reveal())
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  if (host === '' || host.startsWith('/')) return []
  return [
    at({ host: canonicalHost(host.toLowerCase()), port: Number(searchParams.get('port') ?? (port || defaultPort)) }),
  ]
}

/** Every port of the configuration; what listens on a port that the system chose adds itself to the guard. */
export function ownPortsOf(config: Config): OwnPort[] {
  const temporal = parseHostPort(config.temporal.address ?? '')
  return [
    listener(config.http.port, defaultPorts.api),
    listener(config.temporal.uiPort, defaultPorts.temporalUi),
    ...(temporal === undefined ? [] : [at(temporal)]),
    ...serverOf(config.database.url, 5_432),
    ...serverOf(config.database.ownerUrl, 5_432),
    ...serverOf(config.redisUrl, 6_379),
  ]
}

function isLocal({ destination, reach }: ClassifiedAddress): boolean {
  if (reach === 'loopback' || destination === '0.0.0.0' || destination === '::') return true
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some((own) => classifyAddress(own.address)?.destination === destination)
}

async function isOwn(own: OwnPort, target: Pick<HostPort, 'host'>, options: OwnCheck): Promise<boolean> {
  const { addresses, resolve } = options
  if (own.host === undefined) return addresses.some((address) => address.reach !== 'public' || isLocal(address))
  if (own.host === target.host) return true
  const ownAddresses = await resolve(own.host)
  const destinations = new Set(ownAddresses.map(({ destination }) => destination))
  const ownIsLocal = ownAddresses.some(isLocal)
  return addresses.some((address) => destinations.has(address.destination) || (ownIsLocal && isLocal(address)))
}

export interface OwnCheck {
  /** Of the target, checked already. */
  readonly addresses: readonly ClassifiedAddress[]
  resolve(host: string): Promise<readonly ClassifiedAddress[]>
}

/** Whether the platform itself listens there. Throws what `resolve` throws when an own host can't be found. */
export async function isOwnPort(own: readonly OwnPort[], target: HostPort, options: OwnCheck): Promise<boolean> {
  for (const candidate of own) {
    const inRange = target.port >= candidate.first && target.port <= candidate.last
    if (inRange && (await isOwn(candidate, target, options))) return true
  }
  return false
}
