// The Sequelize models of chats, turns and messages.
import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type Sequelize,
} from 'sequelize'
import type { Citation, Message, TurnStatus, Usage } from '../../domain/chat/chat.ts'
import type { StoredProblem } from '../../domain/errors.ts'

export interface ChatModel extends Model<InferAttributes<ChatModel>, InferCreationAttributes<ChatModel>> {
  id: string
  ownerId: string
  title: string | null
  model: string | null
  systemPrompt: string | null
  temperature: number | null
  toolIds: string[]
  collectionIds: string[]
  documentIds: string[]
  createdAt: CreationOptional<Date>
  updatedAt: CreationOptional<Date>
}

export interface TurnModel extends Model<InferAttributes<TurnModel>, InferCreationAttributes<TurnModel>> {
  id: string
  chatId: string
  userMessageId: string
  attachmentIds: string[]
  model: string
  status: CreationOptional<TurnStatus>
  usage: CreationOptional<Usage | null>
  problem: CreationOptional<StoredProblem | null>
  createdAt: CreationOptional<Date>
  startedAt: CreationOptional<Date | null>
  endedAt: CreationOptional<Date | null>
}

export interface MessageModel extends Model<InferAttributes<MessageModel>, InferCreationAttributes<MessageModel>> {
  id: string
  chatId: string
  turnId: string
  /** 0 is the user's message; an assistant's is the step of the turn that made it. */
  step: number
  role: Message['role']
  content: string
  citations: CreationOptional<Citation[]>
  toolCalls: CreationOptional<Message['toolCalls']>
  callId: CreationOptional<string | null>
  model: CreationOptional<string | null>
  usage: CreationOptional<Usage | null>
  parentMessageId: string | null
  createdAt: CreationOptional<Date>
}

export function defineChatModels(sequelize: Sequelize) {
  const { UUID, TEXT, DATE, INTEGER, DOUBLE, JSONB, ARRAY } = DataTypes
  return {
    Chat: sequelize.define<ChatModel>(
      'Chat',
      {
        id: { type: UUID, primaryKey: true },
        ownerId: { type: UUID, allowNull: false },
        title: TEXT,
        model: TEXT,
        systemPrompt: TEXT,
        temperature: DOUBLE,
        toolIds: { type: ARRAY(UUID), allowNull: false },
        collectionIds: { type: ARRAY(UUID), allowNull: false },
        documentIds: { type: ARRAY(UUID), allowNull: false },
        createdAt: DATE,
        updatedAt: DATE,
      },
      { tableName: 'chats' },
    ),
    Turn: sequelize.define<TurnModel>(
      'Turn',
      {
        id: { type: UUID, primaryKey: true },
        chatId: { type: UUID, allowNull: false },
        userMessageId: { type: UUID, allowNull: false },
        attachmentIds: { type: ARRAY(UUID), allowNull: false },
        model: { type: TEXT, allowNull: false },
        status: { type: TEXT, defaultValue: 'queued' },
        usage: JSONB,
        problem: JSONB,
        createdAt: DATE,
        startedAt: DATE,
        endedAt: DATE,
      },
      { tableName: 'turns', updatedAt: false },
    ),
    Message: sequelize.define<MessageModel>(
      'Message',
      {
        id: { type: UUID, primaryKey: true },
        chatId: { type: UUID, allowNull: false },
        turnId: { type: UUID, allowNull: false },
        step: { type: INTEGER, allowNull: false },
        role: { type: TEXT, allowNull: false },
        content: { type: TEXT, allowNull: false },
        citations: { type: JSONB, defaultValue: [] },
        toolCalls: { type: JSONB, defaultValue: [] },
        callId: TEXT,
        model: TEXT,
        usage: JSONB,
        parentMessageId: UUID,
        createdAt: DATE,
      },
      { tableName: 'messages', updatedAt: false },
    ),
  }
}
