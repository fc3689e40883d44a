// A TCP relay to a server, whose present connections can be broken, or held: neither closed nor carrying anything, as when a
// router is slow or has forgotten them. New connections work.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Wire {
  /** The target's URL with the relay's port. */
  readonly url: string
  /** Keeps back what the present connections send, both ways. */
  hold(): void
  /** Lets it go on, with nothing lost. */
  release(): void
  /** Breaks the present connections. */
  cut(): void
  close(): Promise<void>
}

export async function startWire(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target)
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer((near) => {
    const pair = [near, connect(Number(port), hostname)] as const
    const [, far] = pair
    near.pipe(far).pipe(near)
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        near.destroy()
        far.destroy()
        pairs.delete(pair)
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    hold: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
      }
    },
    release: () => {
      for (const [near, far] of pairs) near.pipe(far).pipe(near)
    },
    cut,
    close: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
