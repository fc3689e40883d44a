// A client that may use the vault of a platform in processes of its own.
import { setUserRoles } from '../../db/auth/roles.ts'
import { openDatabase } from '../../db/database.ts'
import type { ApiClient } from './api-client.ts'

/** Gives an account the role of an operator, by the database; it acts on the client's next request. */
export async function makeOperator<Client extends ApiClient>(client: Client, databaseUrl: string): Promise<Client> {
  const { user } = (await client.get('/auth/me')).body
  const db = openDatabase({ url: databaseUrl, poolSize: 1 })
  try {
    await setUserRoles(db, { userId: user.id, roles: ['user', 'operator'] })
    return client
  } finally {
    await db.close()
  }
}
