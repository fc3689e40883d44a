// A tool call's event goes out under its step, and a Redis that is away holds nobody up for long.
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { createLocalTurnStream } from '../../../platform/stream/local-turn-stream.ts'
import { publishToolEvent } from '../../../platform/stream/publish-tool-event.ts'
import { captureLog } from '../../support/captured-log.ts'
import { newTurnId, startReader } from './turn-events.ts'

const event = {
  type: 'tool.completed',
  data: { callId: 'c', executionId: 'e', status: 'succeeded', result: 4 },
} as const

describe('publishing a tool call’s event', () => {
  it('names the step, and lies between it and the next one', async () => {
    const streams = createLocalTurnStream({ retentionMs: 1_000 })
    const turnId = newTurnId()
    await publishToolEvent({ streams, log: captureLog().log }, { turnId, step: 3 }, event)
    const reader = startReader(streams, turnId)
    await reader.reached(1)
    expect(reader.entries[0]?.event).to.deep.equal({ type: event.type, data: { ...event.data, step: 3 } })
    expect(reader.entries[0]?.id.epoch).to.equal(3_901)
    await streams.close()
  })

  it('tries again while the stream can’t be reached, says so once, and never rejects', async () => {
    const logged = captureLog()
    let tries = 0
    const streams = {
      appendAt: async () => {
        tries += 1
        if (tries < 3) throw new AppError('service.unavailable')
      },
    }
    await publishToolEvent({ streams, log: logged.log }, { turnId: newTurnId(), step: 1 }, event)
    expect(tries).to.equal(3)
    expect(logged.lines).to.have.length(1)
  })
})
