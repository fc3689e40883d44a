// The API alone, as many processes as needed: `npm run api`. Workers run elsewhere; Redis carries what they share.
import { runProcess } from './run-process.ts'
import { serveApi } from './serve-api.ts'

await runProcess({
  name: 'api',
  requires: ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'REDIS_URL'],
  serve: async (platform) => [await serveApi(platform)],
})
