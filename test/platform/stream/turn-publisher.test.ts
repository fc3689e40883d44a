// The publisher against the real form in memory, behind a gate that can hold appends back or make them fail.
// The gate stands for Redis being slow or away; what arrives behind it is what readers would get.
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { formatEventId } from '../../../domain/event-id.ts'
import { type TurnEvent } from '../../../domain/chat/turn-event.ts'
import { captureLog } from '../../support/captured-log.ts'
import { createLocalTurnStream } from '../../../platform/stream/local-turn-stream.ts'
import { createTurnPublisher, type TurnPublisherOptions } from '../../../platform/stream/turn-publisher.ts'
import type { StreamEntry, TurnStream } from '../../../platform/stream/turn-stream.ts'
import { idsOf, newTurnId, startReader } from './turn-events.ts'

const position = { step: 1, attempt: 2 }
const text = (value: string): TurnEvent => ({ type: 'text.delta', data: { ...position, text: value } })
const reasoning = (value: string): TurnEvent => ({ type: 'reasoning.delta', data: { ...position, text: value } })
const reset: TurnEvent = { type: 'turn.reset', data: position }
const cancelled = { type: 'turn.cancelled', data: { message: null } } as const

const textOf = (entries: readonly StreamEntry[]): string =>
  entries.map(({ event }) => (event.type === 'text.delta' ? event.data.text : '')).join('')

function setUp(options: Partial<TurnPublisherOptions> = {}) {
  const local = createLocalTurnStream({ retentionMs: 60_000 })
  const turnId = newTurnId()
  const batches: (readonly StreamEntry[])[] = []
  const expired: string[] = []
  const logged = captureLog()
  let gate: Promise<void> = Promise.resolve()
  let failure: 'none' | 'before' | 'after' = 'none'
  let onFailure: (() => void) | undefined
  const fail = (): never => {
    onFailure?.()
    throw new AppError('service.unavailable')
  }
  const streams: TurnStream = {
    ...local,
    append: async (id, entries) => {
      batches.push(entries)
      await gate
      if (failure === 'before') fail()
      await local.append(id, entries)
      if (failure === 'after') fail()
    },
    expire: async (id) => {
      if (failure !== 'none') fail()
      expired.push(id)
      await local.expire(id)
    },
  }
  return {
    publisher: createTurnPublisher({ streams, log: logged.log, turnId, position, flushMs: 0, ...options }),
    streams,
    turnId,
    batches,
    expired,
    logged,
    /** Holds appends until the returned function is called. */
    hold: () => {
      let release = (): void => undefined
      gate = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
    setFailure: (kind: typeof failure) => {
      failure = kind
    },
    nextFailure: () =>
      new Promise<void>((resolve) => {
        onFailure = resolve
      }),
  }
}

describe('turn publisher', () => {
  it('gives events rising ids from the step’s first on', async () => {
    const { publisher, streams, turnId, batches } = setUp()
    for (const event of [reset, text('a'), reasoning('b'), text('c')]) {
      publisher.publish(event)
      await publisher.flush()
    }
    expect(batches.flat().map(({ id }) => formatEventId(id))).to.deep.equal(['1002-1', '1002-2', '1002-3', '1002-4'])
    await publisher.publishTerminal(cancelled)
    expect((await startReader(streams, turnId).done).map(({ event }) => event)).to.deep.equal([
      reset,
      text('a'),
      reasoning('b'),
      text('c'),
      cancelled,
    ])
  })

  it('sends the first text at once, however long texts may wait for one another', async () => {
    const { publisher, batches } = setUp({ flushMs: 3_600_000 })
    publisher.publish(reset)
    publisher.publish(text('first'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(textOf(batches.flat())).to.equal('first')
    publisher.publish(text(' second'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(textOf(batches.flat())).to.equal('first')
    await publisher.flush()
    expect(textOf(batches.flat())).to.equal('first second')
  })

  it('lets no text wait behind an event of another kind', async () => {
    const { publisher, batches } = setUp({ flushMs: 3_600_000 })
    publisher.publish(text('first'))
    await publisher.flush()
    publisher.publish(text(' second'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(textOf(batches.flat())).to.equal('first')
    publisher.publish(reset)
    await new Promise((resolve) => setImmediate(resolve))
    expect(batches.at(-1)?.map(({ event }) => event)).to.deep.equal([text(' second'), reset])
  })

  it('has one append under way at a time, and joins neighbouring texts of a kind meanwhile without loss', async () => {
    const { publisher, batches, hold } = setUp()
    const release = hold()
    const events = [
      text('a'),
      text('b'),
      text('c'),
      reasoning('x'),
      reasoning('y'),
      text('d'),
      reset,
      text('e'),
      text('f'),
    ]
    for (const event of events) publisher.publish(event)
    await new Promise((resolve) => setImmediate(resolve))
    expect(batches.map((batch) => batch.length)).to.deep.equal([1])
    release()
    await publisher.flush()
    expect(batches.map((batch) => batch.map(({ event }) => event))).to.deep.equal([
      [text('a')],
      [text('bc'), reasoning('xy'), text('d'), reset, text('ef')],
    ])
  })

  it('joins no texts of different positions', async () => {
    const { publisher, batches, hold } = setUp()
    const release = hold()
    const other: TurnEvent = { type: 'text.delta', data: { step: 2, attempt: 1, text: 'b' } }
    for (const event of [reset, text('a'), other]) publisher.publish(event)
    release()
    await publisher.flush()
    expect(batches[1]?.map(({ event }) => event)).to.deep.equal([text('a'), other])
  })

  it('publishes started, snapshot and terminal events under their fixed ids, and lets the stream expire at the end', async () => {
    const { publisher, streams, turnId, expired } = setUp()
    const turn = {} as Extract<TurnEvent, { type: 'turn.started' }>['data']['turn']
    const message = {} as Extract<TurnEvent, { type: 'snapshot' }>['data']['message']
    publisher.publish({ type: 'turn.started', data: { turn } })
    publisher.publish(text('a'))
    await publisher.publishSnapshot({ type: 'snapshot', data: { message } })
    expect(expired).to.deep.equal([])
    await publisher.publishTerminal({ type: 'turn.completed', data: { message } })
    expect(expired).to.deep.equal([turnId])
    expect(idsOf(await startReader(streams, turnId).done)).to.deep.equal(['0-1', '1002-1', '9000000-1', '9000000-2'])
  })

  for (const failure of ['before', 'after'] as const) {
    it(`loses and doubles nothing over an outage whose appends fail ${failure} they take effect, and logs it once`, async () => {
      const { publisher, streams, turnId, logged, setFailure, nextFailure } = setUp()
      publisher.publish(text('a'))
      await publisher.flush()
      setFailure(failure)
      for (const part of ['b', 'c', 'd']) {
        const failed = nextFailure()
        publisher.publish(text(part))
        await failed
      }
      setFailure('none')
      publisher.publish(text('e'))
      await publisher.publishTerminal(cancelled)
      expect(textOf(await startReader(streams, turnId).done)).to.equal('abcde')
      expect(logged.lines).to.have.length(1)
    })
  }

  it('never throws and ends its flush while nothing can be published, and works again afterwards', async () => {
    const { publisher, streams, turnId, logged, setFailure } = setUp({ patienceMs: 0 })
    setFailure('before')
    publisher.publish(text('lost'))
    await publisher.flush()
    await publisher.publishTerminal(cancelled)
    expect(logged.lines).to.have.length(1)
    expect(logged.lines.join()).not.to.contain('lost')
    setFailure('none')
    publisher.publish(text('kept'))
    await publisher.publishTerminal(cancelled)
    expect(textOf(await startReader(streams, turnId).done)).to.equal('kept')
  })

  it('has nothing to wait for when nothing was published', async () => {
    await setUp().publisher.flush()
  })
})
