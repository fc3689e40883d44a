// The one mistake that GCM doesn't forgive is the same IV twice under one key: a hundred thousand writes have none.
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { newId } from '../../../db/ids.ts'
import { SecretValue } from '../../../platform/secret-value.ts'
import { sealEnvelope } from '../../../platform/vault/envelope.ts'
import type { KeyProvider } from '../../../platform/vault/key-provider.ts'
import { newMasterKey, providerOf } from '../../support/vault-parts.ts'

describe('an envelope', () => {
  it('[V16] has an IV and a data key of its own in each of 100,000 writes', async function () {
    this.timeout(120_000)
    const keys = await providerOf(newMasterKey('new'))
    const place = { secretId: newId(), version: 1 }
    const ivs = new Set<string>()
    const deks = new Set<string>()
    const recording: KeyProvider = {
      ...keys,
      wrap: async (id, input) => {
        deks.add(createHash('sha256').update(input.dek).digest('base64'))
        return keys.wrap(id, input)
      },
    }
    const value = new SecretValue('v')
    for (let write = 0; write < 100_000; write += 1) {
      const { ciphertext, wrappedDek } = await sealEnvelope(recording, { value, place, kekId: 'new' })
      ivs.add(ciphertext.toString('latin1', 0, 12))
      ivs.add(wrappedDek.toString('latin1', 0, 12))
    }
    expect([deks.size, ivs.size]).to.deep.equal([100_000, 200_000])
  })
})
