// Opens a socket to an address that was checked, never to a name: nothing between the check and the connection may look
// anything up again. TLS still verifies the name that was asked for.
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { classifyAddress, type ClassifiedAddress } from './address.ts'
import type { Target } from './resolve-target.ts'

/** There is no way to leave the certificate unchecked. */
export interface TlsOptions {
  /** PEM; in place of the system's authorities. */
  readonly ca?: string | undefined
  /** PEM, with `key`: the client's own certificate. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** With a second address to try, a silent first one isn't waited for until the end. */
const attemptMs = 5_000
const triedAddresses = 8

async function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  // Until its user listens, and after a failed attempt, an error must not end the process.
  socket.on('error', () => undefined)
  try {
    await once(socket, event, { signal })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function dial({ address, family }: ClassifiedAddress, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host: address, port, family })
  await opened(socket, 'connect', signal)
  return socket
}

async function dialAny({ addresses, port }: Target, signal: AbortSignal): Promise<Socket> {
  const tried = addresses.slice(0, triedAddresses)
  for (const address of tried.slice(0, -1)) {
    const attempt = AbortSignal.any([signal, AbortSignal.timeout(attemptMs)])
    const socket = await dial(address, port, attempt).catch(() => undefined)
    if (socket !== undefined) return socket
    signal.throwIfAborted()
  }
  return dial(tried.at(-1) as ClassifiedAddress, port, signal)
}

/** An open connection; throws the system's error, or an AbortError once `signal` is aborted. */
export async function openSocket(
  target: Target,
  options: { readonly tls: TlsOptions | undefined; readonly signal: AbortSignal },
): Promise<Socket | TLSSocket> {
  const { tls, signal } = options
  signal.throwIfAborted()
  const socket = await dialAny(target, signal)
  if (tls === undefined) return socket
  const { host } = target
  // SNI names hosts only (RFC 6066); the certificate is held against `host` all the same.
  const servername = classifyAddress(host) === undefined ? { servername: host } : {}
  const secure = connectTls({ ...tls, socket, host, ...servername, rejectUnauthorized: true })
  await opened(secure, 'secureConnect', signal)
  return secure
}
