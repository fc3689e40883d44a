// How clients that aren't HTTP get their checked socket: pg by `stream`, ioredis by `Connector`. Given a host they would
// look it up and connect by themselves.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AbstractConnector } from 'ioredis'
import type { AppError } from '../../domain/errors.ts'
import type { Egress, EgressConnectOptions } from './guarded-fetch.ts'
import { ruleOf } from './refusal.ts'

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

/** For `new Redis({ Connector: redisConnector(egress, …) })`; each reconnection is checked again; a refusal ends it. */
export function redisConnector(egress: Egress, target: Omit<EgressConnectOptions, 'signal'>) {
  return class CheckedConnector extends AbstractConnector {
    #attempt = new AbortController()

    constructor() {
      super(disconnectMs)
    }

    override async connect(): Promise<Socket> {
      this.connecting = true
      this.#attempt = new AbortController()
      const { signal } = this.#attempt
      this.stream = await egress.connect({ ...target, signal }).catch((error: AppError) => {
        if (ruleOf(error) !== undefined || signal.aborted) throw error
        // ioredis tries again after a socket that closed, and never after an error from here.
        this.firstError = error
        return new Socket().destroy()
      })
      return this.stream
    }

    override disconnect(): void {
      this.#attempt.abort(new Error('Connection is closed.'))
      super.disconnect()
    }
  }
}
