// The route table: every route that the API has.
import { auditRoutes } from './audit/routes.ts'
import { administrationRoutes } from './auth/administration-routes.ts'
import { roleRoutes } from './auth/role-routes.ts'
import { oidcRoutes } from './auth/oidc-routes.ts'
import { passwordRoutes } from './auth/password-routes.ts'
import { routes as authRoutes } from './auth/routes.ts'
import { secondFactorRoutes } from './auth/second-factor-routes.ts'
import { sessionRoutes } from './auth/session-routes.ts'
import { routes as chatRoutes } from './chat/routes.ts'
import { approvalRoutes } from './tools/approval-routes.ts'
import { collectionRoutes } from './documents/collection-routes.ts'
import { documentRoutes } from './documents/document-routes.ts'
import type { Route } from './http/route.ts'
import { routes as notificationRoutes } from './notifications/routes.ts'
import { executionRoutes } from './tools/execution-routes.ts'
import { policyRoutes } from './tools/policy-routes.ts'
import { toolRoutes } from './tools/tool-routes.ts'
import { keyRoutes } from './vault/key-routes.ts'
import { rotationRoutes } from './vault/rotation-routes.ts'
import { secretRoutes } from './vault/secret-routes.ts'
import { versionRoutes } from './vault/version-routes.ts'
import { codecRoutes } from './ops/codec-routes.ts'

export const routes: readonly Route[] = [
  ...auditRoutes,
  ...authRoutes,
  ...oidcRoutes,
  ...sessionRoutes,
  ...passwordRoutes,
  ...secondFactorRoutes,
  ...administrationRoutes,
  ...roleRoutes,
  ...chatRoutes,
  ...collectionRoutes,
  ...documentRoutes,
  ...notificationRoutes,
  ...secretRoutes,
  ...versionRoutes,
  ...rotationRoutes,
  ...keyRoutes,
  ...toolRoutes,
  ...executionRoutes,
  ...policyRoutes,
  ...approvalRoutes,
  ...codecRoutes,
]
