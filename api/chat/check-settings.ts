// What a chat's settings may name: models that are configured, collections and documents that the caller may read, tools
// that are there, for who may run tools.
import { findUnreadableCollections } from '../../db/documents/collections.ts'
import { findUnreadableDocuments } from '../../db/documents/documents.ts'
import { findTools } from '../../db/tools/tools.ts'
import type { ChatSettings } from '../../domain/chat/chat.ts'
import { AppError, type FieldFault } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'

type Checker = Pick<Context, 'db' | 'llm' | 'actor'>

const faultsOf = (field: string, ids: readonly string[], missing: readonly string[], noun: string): FieldFault[] =>
  ids.flatMap((id, index) =>
    missing.includes(id) ? [{ path: `${field}.${index}`, message: `names no ${noun} that you may read` }] : [],
  )

async function findMissingTools(db: Checker['db'], toolIds: readonly string[]): Promise<string[]> {
  const found = new Set((await findTools(db, toolIds)).map((tool) => tool.id))
  return toolIds.filter((toolId) => !found.has(toolId))
}

/** Throws `request.invalid` that names each fault, `chat.model_unknown`, or `auth.forbidden` to who may run no tools. */
export async function checkSettings({ db, llm, actor }: Checker, settings: ChatSettings): Promise<void> {
  if (typeof settings.model === 'string') llm.resolve(settings.model)
  const { collectionIds = [], documentIds = [], toolIds = [] } = settings
  if (toolIds.length > 0 && !actor.permissions.has('tool:execute'))
    throw new AppError('auth.forbidden', { detail: 'A chat with tools needs the permission tool:execute.' })
  const faults = [
    ...faultsOf(
      'collectionIds',
      collectionIds,
      await findUnreadableCollections(db, actor.userId, collectionIds),
      'collection',
    ),
    ...faultsOf('documentIds', documentIds, await findUnreadableDocuments(db, actor.userId, documentIds), 'document'),
    ...faultsOf('toolIds', toolIds, await findMissingTools(db, toolIds), 'tool'),
  ]
  if (faults.length > 0)
    throw new AppError('request.invalid', { detail: 'Some ids name nothing that you may use.', errors: faults })
}
