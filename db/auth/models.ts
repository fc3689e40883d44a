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

export interface SigningKeyModel
  extends Model<InferAttributes<SigningKeyModel>, InferCreationAttributes<SigningKeyModel>> {
  id: string
  algorithm: string
  /** SPKI in PEM. */
  publicKey: string
  /** PKCS 8 in DER, sealed under the platform key. */
  wrappedPrivateKey: Buffer
  platformKeyId: string
  createdAt: CreationOptional<Date>
  retiredAt: CreationOptional<Date | null>
}

export function defineAuthModels(sequelize: Sequelize) {
  const { UUID, TEXT, DATE, BLOB } = DataTypes
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
    SigningKey: sequelize.define<SigningKeyModel>(
      'SigningKey',
      {
        id: { type: TEXT, primaryKey: true },
        algorithm: { type: TEXT, allowNull: false },
        publicKey: { type: TEXT, allowNull: false },
        wrappedPrivateKey: { type: BLOB, allowNull: false },
        platformKeyId: { type: TEXT, allowNull: false },
        createdAt: DATE,
        retiredAt: DATE,
      },
      { tableName: 'signing_keys', updatedAt: false },
    ),
  }
}
