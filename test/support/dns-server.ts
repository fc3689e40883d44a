// A real DNS server on loopback, over UDP, that gives the answers it is told: each query for a name takes the next one, the
// last stays. So a name can lead to a public address first and to a private one a moment later.
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Lookup } from '../../platform/egress/resolve-target.ts'

export interface DnsServer {
  /** `answers`: one list of addresses for each query. */
  answer(name: string, ...answers: readonly (readonly string[])[]): void
  /** How often this name's IPv4 addresses were asked for. */
  asked(name: string): number
  /** Asks this server, as a resolver of the platform. */
  readonly lookup: Lookup
  stop(): Promise<void>
}

const headerBytes = 12
const typeA = 1
const typeAaaa = 28

function readName(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = headerBytes
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function record(address: string, type: number): Buffer {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray())
  const head = Buffer.alloc(12)
  // The name is the question's, by a pointer to it; no time to live.
  head.writeUInt16BE(0xc0_00 + headerBytes, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(bytes.length, 10)
  return Buffer.concat([head, bytes])
}

/** RFC 1035 4.1: the question back, with what is known. */
function reply(query: Buffer, end: number, records: readonly Buffer[]): Buffer {
  const header = Buffer.from(query.subarray(0, headerBytes))
  header.writeUInt16BE(0x81_80, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  header.writeUInt32BE(0, 8)
  return Buffer.concat([header, query.subarray(headerBytes, end + 4), ...records])
}

export async function startDnsServer(): Promise<DnsServer> {
  const names = new Map<string, { readonly answers: readonly (readonly string[])[]; asked: number }>()
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    const { name, end } = readName(query)
    const type = query.readUInt16BE(end)
    const known = names.get(name)
    const at = Math.min(known?.asked ?? 0, (known?.answers.length ?? 1) - 1)
    if (known !== undefined && type === typeA) known.asked += 1
    const addresses = (known?.answers[at] ?? []).filter((one) => isIPv4(one) === (type === typeA))
    const records = type === typeA || type === typeAaaa ? addresses.map((one) => record(one, type)) : []
    socket.send(reply(query, end, records), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  resolver.setServers([`127.0.0.1:${socket.address().port}`])
  return {
    answer: (name, ...answers) => void names.set(name, { answers, asked: 0 }),
    asked: (name) => names.get(name)?.asked ?? 0,
    lookup: async (name) => {
      const v6 = await resolver.resolve6(name).catch(() => [])
      const v4 = await resolver.resolve4(name).catch(() => [])
      return [...v4, ...v6]
    },
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}
