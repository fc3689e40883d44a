// From a host and a port to the addresses that may be connected to: every rule about *where* is in this file, and it runs
// anew for each connection. A name is looked up once; what follows uses the answer, so a second answer can't matter.
import { lookup } from 'node:dns/promises'
import type { Logger } from '../logger.ts'
import { type ClassifiedAddress, classifyAddress, specialAddress } from './address.ts'
import { type HostPort, parseHost } from './host-port.ts'
import { isOwnPort, type OwnPort } from './own-ports.ts'
import { type EgressRule, refusal } from './refusal.ts'

/** The addresses of a name, in the order to try; at least one. */
export type Lookup = (name: string) => Promise<readonly string[]>
type Resolve = (host: string) => Promise<readonly ClassifiedAddress[]>

/** The system's own, with its hosts file. */
export const systemLookup: Lookup = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address)

export interface TargetRules {
  readonly allow: readonly HostPort[]
  readonly own: readonly OwnPort[]
  readonly lookup: Lookup
  readonly log: Logger
}

export interface Target extends HostPort {
  /** All of them checked; never empty. */
  readonly addresses: readonly ClassifiedAddress[]
}

const openPorts: readonly number[] = [80, 443]
const loopbackNames: readonly string[] = ['localhost', 'ip6-localhost']

/** A literal is its own answer. What a resolver gives that is no address counts as one that may not be reached. */
function resolveBy(rules: TargetRules): Resolve {
  return async (host) => {
    const literal = classifyAddress(host)
    if (literal !== undefined) return [literal]
    const answers = await rules.lookup(host)
    return answers.map((address) => classifyAddress(address) ?? specialAddress(address))
  }
}

/**
 * An entry opens private addresses; loopback only when it says so itself, so that whoever runs the DNS of an allowed name
 * can't lead it to this machine; link-local and other special addresses never.
 */
function isReachable({ reach }: ClassifiedAddress, host: string, isAllowed: boolean): boolean {
  if (reach === 'public') return true
  if (!isAllowed || reach === 'special') return false
  return reach === 'private' || loopbackNames.includes(host) || classifyAddress(host) !== undefined
}

/** Throws AppError `egress.refused`; whatever `lookup` throws when a name can't be found. */
export async function resolveTarget(rules: TargetRules, given: HostPort): Promise<Target> {
  const host = parseHost(given.host)
  const { port } = given
  const refuse = (rule: EgressRule): never => {
    rules.log.warn({ rule, host, port }, 'refused a connection to the outside')
    throw refusal(rule)
  }
  if (host === undefined) return refuse('host.invalid')
  const isAllowed = rules.allow.some((entry) => entry.host === host && entry.port === port)
  if (!isAllowed && !openPorts.includes(port)) return refuse('port')
  const resolve = resolveBy(rules)
  const addresses = await resolve(host)
  if (addresses.length === 0 || !addresses.every((address) => isReachable(address, host, isAllowed))) {
    return refuse('address.not_public')
  }
  if (await isOwnPort(rules.own, { host, port }, { addresses, resolve })) return refuse('address.own')
  return { host, port, addresses }
}
