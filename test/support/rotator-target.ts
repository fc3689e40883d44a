// What a rotator is given in tests: sockets that nothing guards, because the targets are servers of the test's own.
import { once } from 'node:events'
import { connect } from 'node:net'
import { newId } from '../../db/ids.ts'
import type { Connect, RotatorDependencies } from '../../platform/rotators/rotator.ts'
import type { SigningKeyStages } from '../../platform/signing-key-stages.ts'

const plainConnect: Connect = async ({ host, port, signal }) => {
  const socket = connect({ host, port })
  socket.on('error', () => undefined)
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

export const rotatorDependencies = (given: Partial<RotatorDependencies> = {}): RotatorDependencies => ({
  connect: plainConnect,
  post: () => Promise.reject(new Error('Nothing is posted here.')),
  // Only the rotator of the signing key asks for it, and is given its own.
  signingKeys: undefined as unknown as SigningKeyStages,
  secretId: newId(),
  rotationId: newId(),
  credential: '',
  signal: new AbortController().signal,
  ...given,
})
