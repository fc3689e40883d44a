// How clients that aren't HTTP get their checked socket: pg by `stream`, ioredis by `Connector`. Given a host they would
// look it up and connect by themselves.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AbstractConnector } from 'ioredis'

/**
 * For one `new pg.Client({ stream: asPgStream(await egress.connect(…)) })`. The socket must be in the clear: where `ssl` is
 * set, pg asks the server for TLS over it.
 */
export function asPgStream(socket: Socket): () => Duplex {
  // pg connects what it's given; this one is connected, and must go nowhere else.
  const connect = (): Socket => {
    process.nextTick(() => socket.emit('connect'))
    return socket
  }
  return () => Object.assign(socket, { connect })
}

/** After its end was asked for, a connection may last as long as ioredis' own does. */
const disconnectMs = 2_000

/**
 * For one `new Redis({ Connector: asRedisConnector(await egress.connect(…)), retryStrategy: null })`. There is one socket, so
 * the client can't come back after it closed.
 */
export function asRedisConnector(socket: Socket) {
  return class CheckedConnector extends AbstractConnector {
    constructor() {
      super(disconnectMs)
    }

    override async connect(): Promise<Socket> {
      this.stream = socket
      return socket
    }
  }
}
