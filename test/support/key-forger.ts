// Whoever has stolen a signing key: it makes good tokens of a live session with it, for as long as the platform takes them.
import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import jwt from 'jsonwebtoken'
import { findSigningKey } from '../../db/auth/signing-key-stages.ts'
import { openDatabase } from '../../db/database.ts'
import { parseConfig } from '../../platform/config.ts'
import { loadPlatformKeys } from '../../platform/keys.ts'
import { createLogger } from '../../platform/logger.ts'
import { openPrivateKey } from '../../platform/signing-keys.ts'
import { applicationDatabaseUrl } from './platform-database.ts'

/** Makes a fresh token for the session of this one. */
export type ForgeToken = (like: string) => string

/** Throws where there is no key of this id. */
export async function stealSigningKey(dataDir: string, kid: string): Promise<ForgeToken> {
  const db = openDatabase({ url: applicationDatabaseUrl(process.env, dataDir), poolSize: 1 })
  try {
    const config = parseConfig({ CDSA_DATA_DIR: dataDir })
    const keys = await loadPlatformKeys({ config, log: createLogger({ level: 'silent' }) })
    const stored = await findSigningKey(db, kid)
    if (stored === undefined) throw new Error(`There is no key ${kid}.`)
    const key = openPrivateKey(keys, stored)
    return (like) => {
      const { sub = '', sid } = decodeJwt(like)
      const header = { alg: 'ES256', typ: 'at+jwt', kid }
      const claims = { iss: 'cdsa', aud: 'cdsa-api', sub, sid, jti: randomUUID() }
      return jwt.sign(claims, key, { algorithm: 'ES256', header, expiresIn: 20 })
    }
  } finally {
    await db.close()
  }
}
