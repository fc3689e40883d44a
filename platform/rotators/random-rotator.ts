// Values that no target has to be told of: keys for HMAC, tokens that readers fetch from the vault. There is nothing to
// set and nothing to ask, so every value counts as working.
import { randomBytes } from 'node:crypto'
import type { RandomConfig } from '../../domain/vault/rotation-policy.ts'
import type { Rotator } from './rotator.ts'

export const createRandomRotator = ({ bytes, encoding, prefix }: RandomConfig): Rotator => ({
  kind: 'alternating',
  preflight: async () => undefined,
  generate: async () => prefix + randomBytes(bytes).toString(encoding),
  set: async ({ confirm }) => confirm(),
  fence: async () => undefined,
  probe: async () => 'works',
  test: async () => undefined,
  revoke: async () => undefined,
})
