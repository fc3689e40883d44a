// The envelope: what opens, and what doesn't open anywhere but in its own place.
import { expect } from 'chai'
import { newId } from '../../../db/ids.ts'
import type { SealedColumns, VersionPlace } from '../../../db/vault/version-rows.ts'
import { SecretValue } from '../../../platform/secret-value.ts'
import { openEnvelope, rewrapDek, sealEnvelope } from '../../../platform/vault/envelope.ts'
import type { KeyProvider } from '../../../platform/vault/key-provider.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { newMasterKey, providerOf } from '../../support/vault-parts.ts'

describe('an envelope', () => {
  let keys: KeyProvider
  const place: VersionPlace = { secretId: newId(), version: 3 }
  before(async () => {
    keys = await providerOf(newMasterKey('new'), newMasterKey('old'))
  })

  const seal = (value = 'the value', at = place, kekId = 'new'): Promise<SealedColumns> =>
    sealEnvelope(keys, { value: new SecretValue(value), place: at, kekId })
  const open = async (row: SealedColumns & VersionPlace): Promise<string> => (await openEnvelope(keys, row)).reveal()

  it('opens in its own place, from one byte to 64 KiB', async () => {
    for (const value of ['x', 'ä€😀', 'a'.repeat(65_536)]) {
      expect(await open({ ...place, ...(await seal(value)) })).to.equal(value)
    }
  })

  it('[V8] opens in no other place: swapped ciphertexts, keys or rows of secrets and versions all fail', async () => {
    const other = { ...place, version: 4 }
    const elsewhere = { secretId: newId(), version: 3 }
    const [a, b, c] = [await seal('a'), await seal('b', other), await seal('c', elsewhere)]
    const swapped = [
      { ...place, ...b },
      { ...other, ...a },
      { ...place, ...c },
      { ...elsewhere, ...a },
      { ...place, ...a, ciphertext: b.ciphertext },
      { ...other, ...b, ciphertext: a.ciphertext },
      { ...place, ...a, wrappedDek: b.wrappedDek },
      { ...place, ...a, ciphertext: a.wrappedDek },
      { ...place, ...a, wrappedDek: a.ciphertext },
      { ...place, ...a, kekId: 'old' },
    ]
    for (const row of swapped) expect((await appErrorOf(open(row))).code).to.equal('internal')
    expect([await open({ ...place, ...a }), await open({ ...other, ...b })]).to.deep.equal(['a', 'b'])
  })

  it('[V9] fails with any stored byte turned', async () => {
    const row = { ...place, ...(await seal()) }
    let tried = 0
    for (const column of ['ciphertext', 'wrappedDek'] as const) {
      for (let index = 0; index < row[column].length; index += 1) {
        const turned = Buffer.from(row[column])
        turned[index] = (turned[index] ?? 0) ^ 0x80
        expect((await appErrorOf(open({ ...row, [column]: turned }))).message).to.include('was changed')
        tried += 1
      }
    }
    expect(tried).to.equal(12 + 16 + 'the value'.length + 12 + 16 + 32)
  })

  it('opens after its data key was wrapped anew, and the value’s own bytes are the same', async () => {
    const row = { ...place, ...(await seal('v', place, 'old')) }
    const wrappedDek = await rewrapDek(keys, row, 'new')
    expect(await open({ ...row, wrappedDek, kekId: 'new' })).to.equal('v')
    expect((await appErrorOf(open({ ...row, wrappedDek }))).code).to.equal('internal')
  })

  it('names the key that is missing, and no other takes its place', async () => {
    const row = { ...place, ...(await seal()), kekId: 'gone' }
    const error = await appErrorOf(open(row))
    expect([error.code, error.detail]).to.deep.equal([
      'vault.sealed',
      'The key “gone” isn’t configured: “new” is the first one.',
    ])
  })
})
