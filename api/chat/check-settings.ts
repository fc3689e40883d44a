// What a chat's settings may name: models that are configured, collections and documents that the caller may read.
import { findUnreadableCollections } from '../../db/documents/collections.ts'
import { findUnreadableDocuments } from '../../db/documents/documents.ts'
import type { ChatSettings } from '../../domain/chat/chat.ts'
import { AppError, type FieldFault } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'

type Checker = Pick<Context, 'db' | 'llm' | 'actor'>

const faultsOf = (field: string, ids: readonly string[], missing: readonly string[], noun: string): FieldFault[] =>
  ids.flatMap((id, index) =>
    missing.includes(id) ? [{ path: `${field}.${index}`, message: `names no ${noun} that you may read` }] : [],
  )

/** Throws `request.invalid` that names each fault, or `chat.model_unknown`. */
export async function checkSettings({ db, llm, actor }: Checker, settings: ChatSettings): Promise<void> {
  if (typeof settings.model === 'string') llm.resolve(settings.model)
  const { collectionIds = [], documentIds = [], toolIds = [] } = settings
  const faults = [
    ...faultsOf(
      'collectionIds',
      collectionIds,
      await findUnreadableCollections(db, actor.userId, collectionIds),
      'collection',
    ),
    ...faultsOf('documentIds', documentIds, await findUnreadableDocuments(db, actor.userId, documentIds), 'document'),
    ...faultsOf('toolIds', toolIds, toolIds, 'tool'),
  ]
  if (faults.length > 0)
    throw new AppError('request.invalid', { detail: 'Some ids name nothing that you may use.', errors: faults })
}
