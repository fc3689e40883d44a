// A client that may use the vault of a platform in processes of its own.
import { setUserRoles } from '../../db/auth/roles.ts'
import { openDatabase } from '../../db/database.ts'
import type { ApiClient } from './api-client.ts'

/**
 * Gives an account the role of an operator, by the database: before its first request, for what the platform remembers of
 * who asks isn’t told of it.
 */
export async function makeOperator<Client extends ApiClient & { readonly userId: string }>(
  client: Client,
  databaseUrl: string,
): Promise<Client> {
  const db = openDatabase({ url: databaseUrl, poolSize: 1 })
  try {
    await setUserRoles(db, { userId: client.userId, roles: ['user', 'operator'] })
    return client
  } finally {
    await db.close()
  }
}
