// The Sequelize models of sign-in. Single-table reads and writes go through models; joins and sets through SQL.
import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type Sequelize,
} from 'sequelize'

export interface UserModel extends Model<InferAttributes<UserModel>, InferCreationAttributes<UserModel>> {
  id: string
  email: string
  displayName: string
  passwordHash: string | null
  pepperId: string | null
  disabledAt: CreationOptional<Date | null>
  createdAt: CreationOptional<Date>
  updatedAt: CreationOptional<Date>
}

export function defineAuthModels(sequelize: Sequelize) {
  const { UUID, TEXT, DATE } = DataTypes
  return {
    User: sequelize.define<UserModel>(
      'User',
      {
        id: { type: UUID, primaryKey: true },
        email: { type: TEXT, allowNull: false },
        displayName: { type: TEXT, allowNull: false },
        passwordHash: TEXT,
        pepperId: TEXT,
        disabledAt: DATE,
        createdAt: DATE,
        updatedAt: DATE,
      },
      { tableName: 'users' },
    ),
  }
}
