// Without a Redis URL: streams and bus in memory, and nothing to connect to.
import { expect } from 'chai'
import { createStreams } from '../../../platform/stream/create-streams.ts'
import { captureLog } from '../../support/captured-log.ts'
import { delta, idsOf, newTurnId, startReader, terminal } from './turn-events.ts'

describe('streams without Redis', () => {
  it('carry turns and messages within the process, and answer every ping', async () => {
    const { streams, bus, ping, close } = createStreams({ retentionSeconds: 60, log: captureLog().log })
    await ping()
    const received = new Promise((resolve) => void bus.subscribe('channel', resolve))
    await bus.publish('channel', { n: 1 })
    expect(await received).to.deep.equal({ n: 1 })
    const turnId = newTurnId()
    await streams.append(turnId, [delta(1_001, 1), terminal])
    expect(idsOf(await startReader(streams, turnId).done)).to.deep.equal(idsOf([delta(1_001, 1), terminal]))
    const waiting = startReader(streams, newTurnId())
    await close()
    expect(await waiting.done).to.deep.equal([])
  })
})
