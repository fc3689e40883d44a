// The static list of migrations, oldest first: the same under tsx, compiled output and bundlers.
import { auth } from './0001-auth.ts'
import { documents } from './0002-documents.ts'
import { chunks } from './0003-chunks.ts'
import { chat } from './0004-chat.ts'
import { idempotency } from './0005-idempotency.ts'
import { listIndexes } from './0006-list-indexes.ts'
import { audit } from './0007-audit.ts'
import { vault } from './0008-vault.ts'
import { notifications } from './0009-notifications.ts'
import { rotation } from './0010-rotation.ts'
import { tools } from './0011-tools.ts'
import { approvals } from './0012-approvals.ts'
import { toolsInTurns } from './0013-tools-in-turns.ts'
import { signIn } from './0014-sign-in.ts'
import { signingKeyRotation } from './0015-signing-key-rotation.ts'
import type { Migration } from './migration.ts'

export const migrations: readonly Migration[] = [
  auth,
  documents,
  chunks,
  chat,
  idempotency,
  listIndexes,
  audit,
  vault,
  notifications,
  rotation,
  tools,
  approvals,
  toolsInTurns,
  signIn,
  signingKeyRotation,
]
