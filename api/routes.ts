// The route table: every route that the API has.
import { routes as authRoutes } from './auth/routes.ts'
import { routes as chatRoutes } from './chat/routes.ts'
import { collectionRoutes } from './documents/collection-routes.ts'
import { documentRoutes } from './documents/document-routes.ts'
import type { Route } from './http/route.ts'
import { codecRoutes } from './ops/codec-routes.ts'

export const routes: readonly Route[] = [
  ...authRoutes,
  ...chatRoutes,
  ...collectionRoutes,
  ...documentRoutes,
  ...codecRoutes,
]
