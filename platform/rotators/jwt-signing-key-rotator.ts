// The platform's own signing key as a target. A value is the key's id alone, for the pair lies sealed under the platform key:
// a sealed vault locks nobody out. That the new key signs is no effect of here but shares the transaction of the labels.
import type { Rotator, RotatorDependencies } from './rotator.ts'

export function createJwtSigningKeyRotator({ signingKeys, rotationId }: RotatorDependencies): Rotator {
  return {
    kind: 'alternating',
    preflight: ({ current }) => signingKeys.requireSigning(current),
    generate: () => signingKeys.create(rotationId),
    set: async ({ pending, confirm }) => {
      await confirm()
      await signingKeys.publish(rotationId, pending)
    },
    // Publication holds the rotation's row, so nothing of an earlier writer is under way.
    fence: async () => undefined,
    probe: async (value) => ((await signingKeys.isAccepted(value)) ? 'works' : 'refused'),
    test: ({ pending }) => signingKeys.test(pending),
    revoke: ({ old, current }) => signingKeys.retire({ kid: old, currentKid: current }),
  }
}
