// The conformance suite on the form in memory, and what only memory promises.
import * as fc from 'fast-check'
import { createLocalTurnStream } from '../../../platform/stream/local-turn-stream.ts'
import { historyArbitrary, runHistory } from './interleavings.ts'
import { turnStreamSuite } from './turn-stream-suite.ts'

describe('local turn stream', () => {
  turnStreamSuite(async ({ retentionMs }) => {
    const streams = createLocalTurnStream({ retentionMs })
    return { writer: streams, reader: streams, close: () => streams.close() }
  })

  it('gives each id once and in order, whatever the interleaving of appends, reads and reconnections', async () => {
    const streams = createLocalTurnStream({ retentionMs: 1_000 })
    await fc.assert(
      fc.asyncProperty(historyArbitrary, (history) =>
        runHistory({ writer: streams, reader: streams }, history, () => undefined),
      ),
      { numRuns: 200 },
    )
    await streams.close()
  })
})
