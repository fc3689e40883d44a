// The routes of notifications: everybody’s own, and nobody else’s.
import { z } from 'zod'
import { countUnreadNotifications, listNotifications } from '../../db/notifications/notifications.ts'
import {
  listNotificationsQuerySchema,
  notificationSchema,
  patchNotificationSchema,
  unreadCountSchema,
} from '../../domain/notifications/notification.ts'
import { id, pageOf } from '../../domain/resource.ts'
import { defineRoute } from '../http/route.ts'
import { followNotifications } from './follow-notifications.ts'
import { markAll, markOne } from './mark-notifications.ts'

const tag = 'notifications'

export const routes = [
  defineRoute({
    method: 'get',
    path: '/notifications',
    access: 'notification:read',
    summary: 'List your notifications',
    description: '`unreadCount` counts all that are unread, whatever the page shows.',
    tag,
    query: listNotificationsQuerySchema,
    responses: { 200: pageOf(notificationSchema).extend(unreadCountSchema.shape) },
    handle: async ({ db, actor }, { query }) => {
      const page = await listNotifications(db, actor.userId, query)
      return { status: 200, body: { ...page, unreadCount: await countUnreadNotifications(db, actor.userId) } }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/notifications/unread-count',
    access: 'notification:read',
    summary: 'Count your unread notifications',
    tag,
    responses: { 200: unreadCountSchema },
    handle: async ({ db, actor }) => ({
      status: 200,
      body: { unreadCount: await countUnreadNotifications(db, actor.userId) },
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/notifications/stream',
    access: 'notification:read',
    summary: 'Follow your notifications',
    description:
      'Starts with the newest hundred unread ones, oldest first; with `Last-Event-ID` instead with everything that came ' +
      'after it. Never ends by itself: it is closed when the session ends.',
    tag,
    query: z.strictObject({}),
    responses: {},
    events: { 'notification.created': notificationSchema },
    handle: async (context, { lastEventId }) => ({ status: 200, events: followNotifications(context, lastEventId) }),
  }),
  defineRoute({
    method: 'patch',
    path: '/notifications/{notificationId}',
    access: 'notification:write',
    summary: 'Mark a notification as read or unread',
    tag,
    params: z.object({ notificationId: id }),
    body: patchNotificationSchema,
    responses: { 200: z.object({ notification: notificationSchema }) },
    handle: async (context, { params, body }) => ({
      status: 200,
      body: { notification: await markOne(context, { ...params, ...body }) },
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/notifications/read-all',
    access: 'notification:write',
    summary: 'Mark all your notifications as read',
    tag,
    responses: { 200: z.object({ markedCount: z.int().nonnegative() }) },
    handle: async (context) => ({ status: 200, body: { markedCount: await markAll(context) } }),
  }),
]
