// The routes of chats, turns and messages.
import { z } from 'zod'
import { getChat, listChats } from '../../db/chat/chats.ts'
import { listMessages } from '../../db/chat/messages.ts'
import { getTurn } from '../../db/chat/turns.ts'
import { chatSchema, chatSettingsSchema, createTurnSchema, messageSchema, turnSchema } from '../../domain/chat/chat.ts'
import { turnEventSchemas } from '../../domain/chat/turn-event-schemas.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { defineRoute } from '../http/route.ts'
import { cancelTurn } from './cancel-turn.ts'
import { retryTurn, startTurn } from './create-turn.ts'
import { followTurn, turnEvents } from './follow-turn.ts'
import { removeChat } from './remove-chat.ts'
import { changeChat, makeChat } from './save-chat.ts'

const tag = 'chat'
const chatParams = z.object({ chatId: id })
const turnParams = z.object({ chatId: id, turnId: id })
const chatBody = z.object({ chat: chatSchema })
const turnBody = z.object({ turn: turnSchema })
const startedBody = turnBody.extend({ eventsUrl: z.string() })
const events = turnEventSchemas

const eventsUrl = (chatId: string, turnId: string): string => `/api/v1/chats/${chatId}/turns/${turnId}/events`

const chatRoutes = [
  defineRoute({
    method: 'post',
    path: '/chats',
    access: 'chat:write',
    summary: 'Create a chat',
    tag,
    body: chatSettingsSchema,
    responses: { 201: chatBody },
    idempotent: { keep: 'answer' },
    handle: async (context, { body }) => ({ status: 201, body: { chat: await makeChat(context, body) } }),
  }),
  defineRoute({
    method: 'get',
    path: '/chats',
    access: 'chat:read',
    summary: 'List your chats',
    tag,
    query: pageQuery,
    responses: { 200: pageOf(chatSchema) },
    handle: async ({ db, actor }, { query }) => ({ status: 200, body: await listChats(db, actor.userId, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/chats/{chatId}',
    access: 'chat:read',
    summary: 'Read a chat',
    tag,
    params: chatParams,
    responses: { 200: chatBody },
    handle: async ({ db, actor }, { params }) => ({
      status: 200,
      body: { chat: await getChat(db, { userId: actor.userId, ...params }) },
    }),
  }),
  defineRoute({
    method: 'patch',
    path: '/chats/{chatId}',
    access: 'chat:write',
    summary: 'Change a chat',
    tag,
    params: chatParams,
    body: chatSettingsSchema,
    responses: { 200: chatBody },
    handle: async (context, { params, body }) => ({
      status: 200,
      body: { chat: await changeChat(context, params.chatId, body) },
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/chats/{chatId}',
    access: 'chat:write',
    summary: 'Delete a chat with its messages',
    tag,
    params: chatParams,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await removeChat(context, params.chatId)
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/chats/{chatId}/messages',
    access: 'chat:read',
    summary: 'List a chat’s messages over all branches',
    tag,
    params: chatParams,
    query: pageQuery,
    responses: { 200: pageOf(messageSchema) },
    handle: async ({ db, actor }, { params, query }) => {
      const access = { userId: actor.userId, ...params }
      await getChat(db, access)
      return { status: 200, body: await listMessages(db, access, query) }
    },
  }),
]

const turnRoutes = [
  defineRoute({
    method: 'post',
    path: '/chats/{chatId}/turns',
    access: 'chat:write',
    limit: 'turns',
    summary: 'Send a message and start the turn that answers it',
    description: 'With `Accept: text/event-stream` the turn’s events come in the answer itself.',
    tag,
    params: chatParams,
    body: createTurnSchema,
    responses: { 202: startedBody },
    events,
    idempotent: { keep: 'answer' },
    handle: async (context, { params, body }) => {
      const turn = await startTurn(context, { ...params, ...body })
      const started = { turn, eventsUrl: eventsUrl(turn.chatId, turn.id) }
      return { status: 202, body: started, events: turnEvents(context, turn) }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/chats/{chatId}/turns/{turnId}',
    access: 'chat:read',
    summary: 'Read a turn',
    tag,
    params: turnParams,
    responses: { 200: turnBody },
    handle: async ({ db, actor }, { params }) => ({
      status: 200,
      body: { turn: await getTurn(db, { userId: actor.userId, ...params }) },
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/chats/{chatId}/turns/{turnId}/events',
    access: 'chat:read',
    summary: 'Follow a turn’s events',
    description: 'Resumes after `Last-Event-ID`, during the turn and after it; 204 once its last event was seen.',
    tag,
    params: turnParams,
    responses: { 204: null },
    events,
    handle: async (context, { params, lastEventId }) => {
      const followed = await followTurn(context, { ...params, lastEventId })
      return followed === undefined ? { status: 204 } : { status: 200, events: followed }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/chats/{chatId}/turns/{turnId}/cancel',
    access: 'chat:write',
    summary: 'Cancel a turn; what was answered so far stays',
    tag,
    params: turnParams,
    responses: { 202: turnBody },
    handle: async (context, { params }) => ({ status: 202, body: { turn: await cancelTurn(context, params) } }),
  }),
  defineRoute({
    method: 'post',
    path: '/chats/{chatId}/turns/{turnId}/retry',
    access: 'chat:write',
    summary: 'Answer the same message again, in a new turn',
    tag,
    params: turnParams,
    responses: { 202: startedBody },
    idempotent: { keep: 'answer' },
    handle: async (context, { params }) => {
      const turn = await retryTurn(context, params)
      return { status: 202, body: { turn, eventsUrl: eventsUrl(turn.chatId, turn.id) } }
    },
  }),
]

export const routes = [...chatRoutes, ...turnRoutes]
