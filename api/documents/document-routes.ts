// The routes of documents and of search.
import { z } from 'zod'
import { listChunks } from '../../db/documents/chunks.ts'
import { getDocument, listDocuments } from '../../db/documents/documents.ts'
import {
  documentSchema,
  listDocumentsQuerySchema,
  patchDocumentSchema,
  uploadFieldsSchema,
} from '../../domain/documents/document.ts'
import { searchRequestSchema, searchResponseSchema } from '../../domain/documents/search.ts'
import { chunkSchema, elementSchema } from '../../domain/documents/views.ts'
import { id, offsetQuery, pageOf } from '../../domain/resource.ts'
import { searchDocuments } from '../../platform/documents/search-documents.ts'
import { defineRoute } from '../http/route.ts'
import { deleteOneDocument, renameOneDocument } from './change-document.ts'
import { followDocument } from './follow-document.ts'
import { readElements } from './read-elements.ts'
import { reindexDocument } from './reindex-document.ts'
import { sendContent } from './send-content.ts'
import { uploadDocument } from './upload-document.ts'

const tag = 'documents'
const params = z.object({ documentId: id })
const documentBody = z.object({ document: documentSchema })
const queuedBody = documentBody.extend({ workflowId: z.string() })
const event = z.object({ document: documentSchema })

const changing = [
  defineRoute({
    method: 'post',
    path: '/documents',
    access: 'document:write',
    limit: 'uploads',
    summary: 'Upload a document; it is parsed, embedded and indexed in the background',
    description:
      'PDF, DOCX, HTML, Markdown, plain text or CSV. The same bytes in the same collection give the same document.',
    tag,
    multipart: true,
    body: uploadFieldsSchema,
    responses: { 202: queuedBody },
    problems: [404],
    idempotent: { keep: 'answer' },
    handle: async (context, { body, file }) => ({
      status: 202,
      body: await uploadDocument(context, { ...body, file }),
    }),
  }),
  defineRoute({
    method: 'patch',
    path: '/documents/{documentId}',
    access: 'document:write',
    summary: 'Rename a document',
    tag,
    params,
    body: patchDocumentSchema,
    responses: { 200: documentBody },
    handle: async (context, { params, body }) => ({
      status: 200,
      body: { document: await renameOneDocument(context, { ...params, ...body }) },
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/documents/{documentId}',
    access: 'document:write',
    summary: 'Delete a document with everything derived from it in the index',
    tag,
    params,
    responses: { 204: null },
    handle: async (context, { params }) => {
      await deleteOneDocument(context, params.documentId)
      return { status: 204 }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/documents/{documentId}/reindex',
    access: 'document:write',
    summary: 'Read a document again; mends a failed one',
    tag,
    params,
    responses: { 202: queuedBody },
    handle: async (context, { params }) => ({ status: 202, body: await reindexDocument(context, params.documentId) }),
  }),
]

const reading = [
  defineRoute({
    method: 'get',
    path: '/documents',
    access: 'document:read',
    summary: 'List the documents that you may read',
    tag,
    query: listDocumentsQuerySchema,
    responses: { 200: pageOf(documentSchema) },
    handle: async ({ db, actor }, { query }) => ({ status: 200, body: await listDocuments(db, actor.userId, query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/documents/{documentId}',
    access: 'document:read',
    summary: 'Read a document’s state',
    tag,
    params,
    responses: { 200: documentBody },
    handle: async ({ db, actor }, { params }) => {
      const { document } = await getDocument(db, { userId: actor.userId, ...params })
      return { status: 200, body: { document } }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/documents/{documentId}/content',
    access: 'document:read',
    summary: 'Download the original',
    tag,
    params,
    responses: { 200: null },
    handle: (context, { params }) => sendContent(context, params.documentId),
  }),
  defineRoute({
    method: 'get',
    path: '/documents/{documentId}/elements',
    access: 'document:read',
    summary: 'List what the parser found, in reading order',
    tag,
    params,
    query: offsetQuery,
    responses: { 200: pageOf(elementSchema) },
    handle: async (context, { params, query }) => ({
      status: 200,
      body: await readElements(context, { ...params, ...query }),
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/documents/{documentId}/chunks',
    access: 'document:read',
    summary: 'List the indexed chunks, in reading order',
    tag,
    params,
    query: offsetQuery,
    responses: { 200: pageOf(chunkSchema) },
    handle: async ({ db, actor }, { params, query }) => {
      await getDocument(db, { userId: actor.userId, ...params })
      return { status: 200, body: await listChunks(db, params.documentId, query) }
    },
  }),
  defineRoute({
    method: 'get',
    path: '/documents/{documentId}/events',
    access: 'document:read',
    summary: 'Follow a document from its present state until it is indexed or has failed',
    tag,
    params,
    responses: { 204: null },
    events: { 'document.progress': event, 'document.indexed': event, 'document.failed': event },
    handle: async (context, { params, lastEventId }) => {
      const followed = await followDocument(context, { ...params, lastEventId })
      return followed === undefined ? { status: 204 } : { status: 200, events: followed }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/search',
    access: 'document:read',
    limit: 'searches',
    summary: 'Search in the documents that you may read',
    tag,
    body: searchRequestSchema,
    responses: { 200: searchResponseSchema },
    handle: async ({ actor, signal, ...platform }, { body }) => ({
      status: 200,
      body: await searchDocuments(platform, { userId: actor.userId, signal }, body),
    }),
  }),
]

export const documentRoutes = [...changing, ...reading]
