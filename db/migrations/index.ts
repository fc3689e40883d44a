// The static list of migrations, oldest first: the same under tsx, compiled output and bundlers.
import { auth } from './0001-auth.ts'
import { documents } from './0002-documents.ts'
import { chat } from './0003-chat.ts'
import { idempotency } from './0004-idempotency.ts'
import type { Migration } from './migration.ts'

export const migrations: readonly Migration[] = [auth, documents, chat, idempotency]
