// The routes of collections and their members.
import { z } from 'zod'
import { getCollection, listCollections, listMembers } from '../../db/documents/collections.ts'
import {
  type Collection,
  collectionSchema,
  createCollectionSchema,
  memberSchema,
  patchCollectionSchema,
  putMemberSchema,
} from '../../domain/documents/document.ts'
import { id, pageOf, pageQuery } from '../../domain/resource.ts'
import { etagOf, versionOf } from '../http/entity-version.ts'
import { type Reply, defineRoute } from '../http/route.ts'
import {
  changeCollection,
  changeMember,
  makeCollection,
  removeCollection,
  removeOneMember,
} from './change-collection.ts'

const tag = 'collections'
const params = z.object({ collectionId: id })
const memberParams = z.object({ collectionId: id, userId: id })
const collectionBody = z.object({ collection: collectionSchema })

const reply = (status: 200 | 201, collection: Collection): Reply => ({
  status,
  body: { collection },
  headers: etagOf(collection),
})

const collections = [
  defineRoute({
    method: 'post',
    path: '/collections',
    access: 'collection:write',
    summary: 'Create a collection that you own',
    tag,
    body: createCollectionSchema,
    responses: { 201: collectionBody },
    idempotent: { keep: 'answer' },
    handle: async (context, { body }) => reply(201, await makeCollection(context, body)),
  }),
  defineRoute({
    method: 'get',
    path: '/collections',
    access: 'collection:read',
    summary: 'List the collections that you are a member of',
    tag,
    query: pageQuery,
    responses: { 200: pageOf(collectionSchema) },
    handle: async ({ db, actor }, { query }) => ({ status: 200, body: await listCollections(db, actor.userId, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/collections/{collectionId}',
    access: 'collection:read',
    summary: 'Read a collection',
    tag,
    params,
    responses: { 200: collectionBody },
    handle: async ({ db, actor }, { params }) =>
      reply(200, await getCollection(db, { userId: actor.userId, ...params })),
  }),
  defineRoute({
    method: 'patch',
    path: '/collections/{collectionId}',
    access: 'collection:write',
    summary: 'Rename or describe a collection that you own',
    tag,
    params,
    body: patchCollectionSchema,
    responses: { 200: collectionBody },
    handle: async (context, { params, body, ifMatch }) =>
      reply(200, await changeCollection(context, { ...params, ...body, ifVersion: versionOf(ifMatch, 'collection') })),
  }),
  defineRoute({
    method: 'delete',
    path: '/collections/{collectionId}',
    access: 'collection:write',
    summary: 'Delete a collection that you own, with its documents',
    tag,
    params,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await removeCollection(context, params.collectionId)
      return { status: 204 }
    },
  }),
]

const members = [
  defineRoute({
    method: 'get',
    path: '/collections/{collectionId}/members',
    access: 'collection:read',
    summary: 'List a collection’s members, owners first',
    tag,
    params,
    responses: { 200: z.object({ data: z.array(memberSchema), hasMore: z.boolean(), nextCursor: z.null() }) },
    handle: async ({ db, actor }, { params }) => {
      const data = await listMembers(db, { userId: actor.userId, ...params })
      return { status: 200, body: { data, hasMore: false, nextCursor: null } }
    },
  }),
  defineRoute({
    method: 'put',
    path: '/collections/{collectionId}/members/{userId}',
    access: 'collection:write',
    summary: 'Add a member, or change a member’s role',
    tag,
    params: memberParams,
    body: putMemberSchema,
    responses: { 200: z.object({ member: memberSchema }) },
    handle: async (context, { params: { collectionId, userId }, body }) => ({
      status: 200,
      body: { member: await changeMember(context, { collectionId, memberId: userId, ...body }) },
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/collections/{collectionId}/members/{userId}',
    access: 'collection:write',
    summary: 'Remove a member, or leave',
    tag,
    params: memberParams,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await removeOneMember(context, { collectionId: params.collectionId, memberId: params.userId })
      return { status: 204 }
    },
  }),
]

export const collectionRoutes = [...collections, ...members]
