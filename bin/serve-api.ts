// The API as a part of a process: with every route, and the check of who asks.
import { createAuthenticate } from '../api/auth/authenticate.ts'
import { createDenials } from '../api/audit/denials.ts'
import { jwksRoute } from '../api/auth/jwks.ts'
import { startApi } from '../api/main.ts'
import { routes } from '../api/routes.ts'
import type { Platform } from '../platform/platform.ts'
import type { ServingPart } from './run-process.ts'

export async function serveApi(platform: Platform): Promise<ServingPart> {
  const denials = createDenials(platform)
  const authenticate = createAuthenticate(platform)
  const api = await startApi(platform, { routes, rootRoutes: [jwksRoute], authenticate, denials })
  // The system may have chosen it.
  platform.egress.addOwnPort(api.port)
  platform.oidc?.listensAt(api.url)
  const stop = async (): Promise<void> => {
    await api.close()
    await denials.settle()
  }
  return { apiUrl: api.url, stop }
}
