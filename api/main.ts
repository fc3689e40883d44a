// Serves the API on a port, and ends it so that no client notices more than it must: no new connections, streams ended,
// running requests finished, and only then, or after the grace, the rest cut off.
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Config, defaultPorts } from '../platform/config.ts'
import { StartError } from '../platform/embedded/start-error.ts'
import type { Platform } from '../platform/platform.ts'
import { type AppOptions, createApp } from './app.ts'
import { maxHeaderBytes } from './http/header-limit.ts'

export interface RunningApi {
  /** Where a client on this machine reaches it. */
  readonly url: string
  readonly port: number
  /** Resolves when every connection is closed, at the latest after the configured grace; safe to call twice. */
  close(): Promise<void>
}

const defaultPort = defaultPorts.api
const triedPorts = 51
/** An upload of the largest size over a slow line must fit. */
const requestTimeoutMs = 15 * 60_000
const headersTimeoutMs = 20_000
/** Longer than the usual minute of a load balancer in front, so that it never sends into a closing connection. */
const keepAliveTimeoutMs = 65_000

async function tryListen(server: Server, host: string, port: number): Promise<string | undefined> {
  server.listen({ host, port })
  try {
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return (error as { code?: string }).code ?? 'unknown'
  }
}

/** A given port must be free; the default one gives way to the next. Throws StartError. */
async function listen(server: Server, { host, port: given }: Config['http']): Promise<void> {
  if (given !== undefined) {
    const code = await tryListen(server, host, given)
    if (code === undefined) return
    throw new StartError(
      `PORT ${given} on ${host} can’t be opened (${code}): set PORT to a free port, or leave it out for the next free one.`,
    )
  }
  for (let port = defaultPort; port < defaultPort + triedPorts; port += 1) {
    const code = await tryListen(server, host, port)
    if (code === undefined) return
    if (code === 'EADDRINUSE' || code === 'EACCES') continue
    throw new StartError(`HOST ${host} can’t be listened on (${code}): set HOST to an address of this machine.`)
  }
  throw new StartError(`No port from ${defaultPort} to ${defaultPort + triedPorts - 1} is free: set PORT.`)
}

function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (host === '::') return `http://[::1]:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

interface Connections {
  /** Closes idle connections at once and the others when their answer is out. */
  finish(): void
  /** Cuts off what is left. */
  cut(): void
}

/** Node closes a kept-alive connection only at its timeout, and one without a first request not at all. */
function trackConnections(server: Server): Connections {
  const running = new Map<Socket, number>()
  let finishing = false
  server.on('connection', (socket) => {
    running.set(socket, 0)
    socket.once('close', () => running.delete(socket))
  })
  server.prependListener('request', ({ socket }, response) => {
    running.set(socket, (running.get(socket) ?? 0) + 1)
    if (finishing) response.setHeader('Connection', 'close')
    response.once('close', () => {
      const left = (running.get(socket) ?? 1) - 1
      if (!socket.destroyed) running.set(socket, left)
      if (finishing && left === 0) socket.destroySoon()
    })
  })
  return {
    finish: () => {
      finishing = true
      for (const [socket, count] of running) if (count === 0) socket.destroySoon()
    },
    cut: () => {
      for (const socket of running.keys()) socket.destroy()
    },
  }
}

/** Listens and serves. Throws StartError in words for the terminal when no port can be opened. */
export async function startApi(platform: Platform, options: Omit<AppOptions, 'platform'>): Promise<RunningApi> {
  const { config, log } = platform
  const app = createApp({ platform, ...options })
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
    },
    app.handler,
  )
  const connections = trackConnections(server)
  await listen(server, config.http)
  const { port } = server.address() as AddressInfo
  const url = urlOf(config.http.host, port)
  log.info({ url }, 'the API is listening')

  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    app.closeStreams()
    connections.finish()
    const grace = setTimeout(() => {
      log.warn('requests are still running after the grace: they are cut off')
      connections.cut()
    }, config.shutdownGraceMs)
    await closed
    clearTimeout(grace)
  }
  let closing: Promise<void> | undefined
  return { url, port, close: () => (closing ??= close()) }
}
