// The tools that every installation has. Each does real work, within bounds of its own.
import type { Platform } from '../platform.ts'
import { createMailer } from '../mail/mailer.ts'
import { createCalculate } from './calculate.ts'
import { createCurrentTime } from './current-time.ts'
import { createHttpRequest } from './http-request.ts'
import { createQueryDatabase } from './query-database.ts'
import { createSearchDocuments } from './search-documents.ts'
import { createSendEmail } from './send-email.ts'
import type { BuiltinTool } from './tool-runner.ts'

export type BuiltinToolsPlatform = Pick<Platform, 'config' | 'egress' | 'db' | 'embeddings'>

export const createBuiltinTools = ({
  config,
  egress,
  db,
  embeddings,
}: BuiltinToolsPlatform): readonly BuiltinTool[] => [
  createCurrentTime({ now: Date.now }),
  createCalculate(),
  createHttpRequest({ egress }),
  createQueryDatabase({ egress }),
  createSearchDocuments({ db, embeddings }),
  createSendEmail({ mailer: createMailer(config) }),
]
