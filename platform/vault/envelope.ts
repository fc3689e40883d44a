// Envelope encryption: every version has a random data key of its own, which a key of the provider wraps. What is bound to
// each text by AAD is its place, so that no row's bytes open in another row, and no text in another field.
import { randomBytes } from 'node:crypto'
import type { SealedColumns, VersionPlace } from '../../db/vault/version-rows.ts'
import { lengthPrefixed, openAesGcm, sealAesGcm } from '../aes-gcm.ts'
import { SecretValue } from '../secret-value.ts'
import type { KeyProvider } from './key-provider.ts'

/** Changes with the form of what is stored. */
const schema = 'cdsa-vault/1'
const dekBytes = 32

const valueAad = ({ secretId, version }: VersionPlace): Buffer => lengthPrefixed([schema, secretId, version, 'value'])

const dekAad = ({ secretId, version }: VersionPlace, kekId: string): Buffer =>
  lengthPrefixed([schema, secretId, version, 'dek', kekId])

export async function sealEnvelope(
  keys: KeyProvider,
  { value, place, kekId }: { readonly value: SecretValue; readonly place: VersionPlace; readonly kekId: string },
): Promise<SealedColumns> {
  const dek = randomBytes(dekBytes)
  try {
    const ciphertext = sealAesGcm({ key: dek, aad: valueAad(place), plaintext: value.bytes })
    return { ciphertext, wrappedDek: await keys.wrap(kekId, { dek, aad: dekAad(place, kekId) }), kekId }
  } finally {
    dek.fill(0)
  }
}

const unwrapDek = (
  keys: KeyProvider,
  { wrappedDek, kekId, ...place }: Omit<SealedColumns, 'ciphertext'> & VersionPlace,
) => keys.unwrap(kekId, { wrapped: wrappedDek, aad: dekAad(place, kekId) })

/** Throws AppError `internal` when anything of it was changed or moved, `vault.sealed` when its key isn't there. */
export async function openEnvelope(keys: KeyProvider, sealed: SealedColumns & VersionPlace): Promise<SecretValue> {
  const dek = await unwrapDek(keys, sealed)
  try {
    return new SecretValue(openAesGcm({ key: dek, aad: valueAad(sealed), sealed: sealed.ciphertext }))
  } finally {
    dek.fill(0)
  }
}

/** The data key under another key; the value's own encryption stays as it is. */
export async function rewrapDek(
  keys: KeyProvider,
  sealed: Omit<SealedColumns, 'ciphertext'> & VersionPlace,
  kekId: string,
): Promise<Buffer> {
  const dek = await unwrapDek(keys, sealed)
  try {
    return await keys.wrap(kekId, { dek, aad: dekAad(sealed, kekId) })
  } finally {
    dek.fill(0)
  }
}
