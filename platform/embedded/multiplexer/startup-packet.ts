// The first packet of a connection: what it is, and whether the embedded database serves whom it names.
// A setting that it can't honour is refused instead of ignored.
import { type EmbeddedRole, embeddedRoles } from '../embedded-roles.ts'
import { ProtocolViolation } from './protocol-violation.ts'

export const databaseName = 'postgres'

const codes = { cancel: 80_877_102, tls: 80_877_103, gss: 80_877_104, version3: 196_608 } as const

export type StartupPacket =
  | { readonly kind: 'encryption' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'start'; readonly role: EmbeddedRole }

function readParameters(packet: Buffer): Map<string, string> {
  const texts = packet.toString('utf8', 8).split('\0')
  const parameters = new Map<string, string>()
  for (let i = 0; i + 1 < texts.length && texts[i] !== ''; i += 2) {
    parameters.set(texts[i] as string, texts[i + 1] as string)
  }
  return parameters
}

/** Throws ProtocolViolation with the SQLSTATE that Postgres would give. */
export function readStartupPacket(packet: Buffer): StartupPacket {
  const code = packet.readInt32BE(4)
  if (code === codes.tls || code === codes.gss) return { kind: 'encryption' }
  if (code === codes.cancel) return { kind: 'cancel' }
  if (code !== codes.version3) throw new ProtocolViolation('only version 3.0 of the protocol is spoken', '0A000')
  const { user, database = user, application_name: _, ...others } = Object.fromEntries(readParameters(packet))
  const role = embeddedRoles.find((name) => name === user)
  if (role === undefined) throw new ProtocolViolation('there is no such user', '28000')
  if (database !== databaseName) throw new ProtocolViolation('there is no such database', '3D000')
  for (const [name, value] of Object.entries(others)) {
    if (name === 'client_encoding' && /^'?utf-?8'?$/i.test(value ?? '')) continue
    throw new ProtocolViolation('the embedded database takes no settings at the start of a connection', '0A000')
  }
  return { kind: 'start', role }
}
