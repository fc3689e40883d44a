// The routes of a secret's values and versions.
import { z } from 'zod'
import { getSecret } from '../../db/vault/secrets.ts'
import { listVersions } from '../../db/vault/version-rows.ts'
import { id, offsetQuery, pageOf } from '../../domain/resource.ts'
import {
  putVersionSchema,
  readValueQuerySchema,
  secretSchema,
  secretValueSchema,
  secretVersionSchema,
  versionNumber,
} from '../../domain/vault/secret.ts'
import { type Route, defineRoute } from '../http/route.ts'
import { type VersionChange, changeVersion } from './change-version.ts'
import { opened } from './opened.ts'
import { putVersion } from './put-version.ts'
import { readValue } from './read-value.ts'

const tag = 'vault'
const params = z.object({ secretId: id })
const versionParams = z.object({ secretId: id, version: versionNumber })
const versionBody = z.object({ version: secretVersionSchema })

const changeRoute = (change: VersionChange, summary: string): Route =>
  defineRoute({
    method: 'post',
    path: `/vault/secrets/{secretId}/versions/{version}/${change}`,
    access: 'secret:write',
    summary,
    tag,
    params: versionParams,
    responses: { 200: versionBody },
    handle: async (context, { params }) => ({
      status: 200,
      body: { version: await changeVersion(context, params, change) },
    }),
  })

export const versionRoutes = [
  defineRoute({
    method: 'get',
    path: '/vault/secrets/{secretId}/value',
    access: 'secret:read',
    summary: 'Read a secret’s value: the current one, or that of a version or label',
    description: 'The access is on record before the value is read; where it can’t be recorded, the answer is 503.',
    tag,
    params,
    query: readValueQuerySchema,
    responses: { 200: secretValueSchema },
    handle: async (context, { params, query }) => ({
      status: 200,
      body: await readValue(context, { ...params, ...query }),
      headers: { 'cache-control': 'no-store' },
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/vault/secrets/{secretId}/versions',
    access: 'secret:write',
    summary: 'Put a new value: it becomes the current version',
    description: 'With `cas` only if that is still the current version, so that nobody’s change is lost.',
    tag,
    params,
    body: putVersionSchema,
    responses: { 201: versionBody.extend({ secret: secretSchema }) },
    idempotent: { keep: 'id' },
    handle: async (context, { params, body }) => ({
      status: 201,
      body: await putVersion(context, { ...params, ...body }),
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/vault/secrets/{secretId}/versions',
    access: 'secret:read',
    summary: 'List a secret’s versions, without their values',
    tag,
    params,
    query: offsetQuery,
    responses: { 200: pageOf(secretVersionSchema) },
    handle: async ({ db }, { params, query }) => {
      await getSecret(db, params.secretId)
      return { status: 200, body: await listVersions(db, params.secretId, query) }
    },
  }),
  changeRoute('delete', 'Delete a version; it can be undeleted'),
  changeRoute('undelete', 'Undelete a version'),
  changeRoute('destroy', 'Destroy what a version holds, for good'),
].map(opened)
