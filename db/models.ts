// All models of one Sequelize instance, by name.
import type { Sequelize } from 'sequelize'
import { defineAuthModels } from './auth/models.ts'
import { defineChatModels } from './chat/models.ts'
import { defineDocumentModels } from './documents/models.ts'

export type Models = ReturnType<typeof defineModels>

export function defineModels(sequelize: Sequelize) {
  return { ...defineAuthModels(sequelize), ...defineDocumentModels(sequelize), ...defineChatModels(sequelize) }
}
