// API and workers in one process: what `npm start` runs where tokens travel in memory.
import { runProcess } from './run-process.ts'
import { serveApi } from './serve-api.ts'
import { serveWorkers } from './serve-workers.ts'

await runProcess({
  name: 'application',
  requires: ['DATABASE_URL', 'TEMPORAL_ADDRESS'],
  serve: (platform) => Promise.all([serveApi(platform), serveWorkers(platform)]),
})
