// The process of mock-model.ts: serves until its parent is gone. Its argument is MockModelPhysics as JSON; it sends its
// address once it serves.
import { numberedTokens, startMockUpstream } from '../test/support/mock-upstream.ts'
import type { MockModelPhysics } from './mock-model.ts'

const { ttft, tps, tokens } = JSON.parse(process.argv[2] ?? '') as MockModelPhysics
const upstream = await startMockUpstream({
  fixtures: [
    {
      match: { endpoint: 'chat' },
      response: { content: numberedTokens(tokens) },
      chunkSize: 5,
      streamingProfile: { ttft, tps },
    },
  ],
})
process.once('disconnect', () => process.exit(0))
process.send?.({ baseUrl: upstream.baseUrl })
