// Every TCP connection that this process tries to open, by Node's own account: `zero sockets` and `to this address` can be
// shown without a network to reach.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

export interface ConnectionAttempts {
  /** `address:port`, in order. */
  readonly list: readonly string[]
  end(): void
}

const channel = 'net.client.socket'

export function watchConnectionAttempts(): ConnectionAttempts {
  const list: string[] = []
  const onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket }
    socket.on('connectionAttempt', (address: string, port: number | undefined) => {
      // None for a socket in the file system.
      if (port !== undefined) list.push(`${address}:${port}`)
    })
  }
  subscribe(channel, onSocket)
  return { list, end: () => void unsubscribe(channel, onSocket) }
}
