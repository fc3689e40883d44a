// Indexes for lists that had none in their order: a collection's documents of one status, newest first.
import type { Migration } from './migration.ts'

export const listIndexes: Migration = {
  name: '0006-list-indexes',
  async up({ sql }) {
    await sql('create index documents_collection_status on documents (collection_id, status, id desc)')
  },
}
