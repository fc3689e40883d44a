// Free TCP ports: a given port must be free, a default one gives way to the next. What is found free here can be taken
// by another process before it is used, so whoever binds it must still be ready for a refusal.
import { createServer } from 'node:net'
import { StartError } from './start-error.ts'

const triedPorts = 100

/** Binds `port` (0: any) for a moment; resolves to the bound port, or undefined when it is taken or not allowed. */
function bindOnce(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}

/** Any port that is free now. Throws StartError when the host's address can't be bound at all. */
export async function anyFreePort(host: string): Promise<number> {
  const port = await bindOnce(host, 0)
  if (port === undefined) throw new StartError(`No port can be opened on ${host}.`)
  return port
}

/**
 * The port to listen on. `given` counts as it is (0: any free one) and raises a StartError naming `variable` when it is
 * taken; without it the first free port from `preferred` upwards.
 */
export async function choosePort(options: {
  readonly host: string
  readonly given: number | undefined
  readonly preferred: number
  readonly variable: string
}): Promise<number> {
  const { host, given, preferred, variable } = options
  if (given === 0) return anyFreePort(host)
  if (given !== undefined) {
    if ((await bindOnce(host, given)) !== undefined) return given
    throw new StartError(
      `Port ${given} on ${host} is taken or not allowed: end what listens there, or set ${variable} to another port.`,
    )
  }
  for (let port = preferred; port < preferred + triedPorts; port += 1) {
    if ((await bindOnce(host, port)) !== undefined) return port
  }
  throw new StartError(`No port from ${preferred} to ${preferred + triedPorts - 1} is free: set ${variable}.`)
}
