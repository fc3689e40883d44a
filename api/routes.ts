// The route table: every route that the API has.
import { auditRoutes } from './audit/routes.ts'
import { routes as authRoutes } from './auth/routes.ts'
import { routes as chatRoutes } from './chat/routes.ts'
import { collectionRoutes } from './documents/collection-routes.ts'
import { documentRoutes } from './documents/document-routes.ts'
import type { Route } from './http/route.ts'

export const routes: readonly Route[] = [
  ...auditRoutes,
  ...authRoutes,
  ...chatRoutes,
  ...collectionRoutes,
  ...documentRoutes,
]
