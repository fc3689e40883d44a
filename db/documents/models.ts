// The Sequelize model of documents. Collections are always read with a membership, chunks in sets: by SQL alone.
import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type Sequelize,
} from 'sequelize'
import type { DocumentStatus } from '../../domain/documents/document.ts'
import type { StoredProblem } from '../../domain/errors.ts'

export interface DocumentModel extends Model<InferAttributes<DocumentModel>, InferCreationAttributes<DocumentModel>> {
  id: string
  collectionId: string
  ownerId: string
  title: string
  filename: string
  mediaType: string
  /** A bigint column: pg hands it over as a string. */
  sizeBytes: string | number
  sha256: string
  status: CreationOptional<DocumentStatus>
  progressDone: CreationOptional<number>
  progressTotal: CreationOptional<number>
  problem: CreationOptional<StoredProblem | null>
  pageCount: CreationOptional<number | null>
  chunkCount: CreationOptional<number | null>
  /** Rises with every reindex; part of the workflow's work, so that a late activity of an older run changes nothing. */
  run: CreationOptional<number>
  createdAt: CreationOptional<Date>
  updatedAt: CreationOptional<Date>
  indexedAt: CreationOptional<Date | null>
}

export function defineDocumentModels(sequelize: Sequelize) {
  const { UUID, TEXT, DATE, INTEGER, BIGINT, JSONB } = DataTypes
  return {
    Document: sequelize.define<DocumentModel>(
      'Document',
      {
        id: { type: UUID, primaryKey: true },
        collectionId: { type: UUID, allowNull: false },
        ownerId: { type: UUID, allowNull: false },
        title: { type: TEXT, allowNull: false },
        filename: { type: TEXT, allowNull: false },
        mediaType: { type: TEXT, allowNull: false },
        sizeBytes: { type: BIGINT, allowNull: false },
        sha256: { type: TEXT, allowNull: false },
        status: { type: TEXT, defaultValue: 'queued' },
        progressDone: { type: INTEGER, defaultValue: 0 },
        progressTotal: { type: INTEGER, defaultValue: 0 },
        problem: JSONB,
        pageCount: INTEGER,
        chunkCount: INTEGER,
        run: { type: INTEGER, defaultValue: 1 },
        createdAt: DATE,
        updatedAt: DATE,
        indexedAt: DATE,
      },
      { tableName: 'documents' },
    ),
  }
}
