// What every form of turn stream must do. `writer` and `reader` stand for two processes where the form allows two.
// The property test is the core: whatever happens in between, a reader gets each id once and in order.
import { expect } from 'chai'
import { eventually } from '../../support/eventually.ts'
import { compareEventIds } from '../../../domain/event-id.ts'
import type { StreamEntry, TurnStream } from '../../../platform/stream/turn-stream.ts'
import { delta, deltas, idsOf, newTurnId, startReader, terminal, toolEvent } from './turn-events.ts'

export interface TurnStreamFixture {
  readonly writer: TurnStream
  readonly reader: TurnStream
  close(): Promise<void>
}

export type OpenTurnStreams = (options: { readonly retentionMs: number }) => Promise<TurnStreamFixture>

const hour = 3_600_000

export function turnStreamSuite(open: OpenTurnStreams): void {
  let fixture: TurnStreamFixture
  let writer: TurnStream
  let reader: TurnStream
  let turnId: string

  beforeEach(async () => {
    fixture = await open({ retentionMs: hour })
    ;({ writer, reader } = fixture)
    turnId = newTurnId()
  })
  afterEach(() => fixture.close())

  it('replays everything from the start, payloads included', async () => {
    const entries = [...deltas(1_001, 1, 300), terminal]
    await writer.append(turnId, entries)
    expect(await startReader(reader, turnId).done).to.deep.equal(entries)
  })

  it('resumes after an id in the middle while the turn goes on: every entry once, in order, none missing', async () => {
    await writer.append(turnId, deltas(1_001, 1, 100))
    const resumed = startReader(reader, turnId, { epoch: 1_001, sequence: 50 })
    for (let sequence = 101; sequence <= 400; sequence += 3) {
      await writer.append(turnId, deltas(1_001, sequence, Math.min(sequence + 2, 400)))
    }
    await writer.append(turnId, [terminal])
    expect(idsOf(await resumed.done)).to.deep.equal(idsOf([...deltas(1_001, 51, 400), terminal]))
  })

  it('gives 50 readers that come at different times the same entries', async () => {
    const readers = []
    for (let sequence = 1; sequence <= 50; sequence += 1) {
      readers.push(startReader(reader, turnId))
      await writer.append(turnId, [delta(1_001, sequence)])
    }
    await writer.append(turnId, [terminal])
    for (const { done } of readers) expect(idsOf(await done)).to.deep.equal(idsOf([...deltas(1_001, 1, 50), terminal]))
  })

  it('serves a reader that was there before the first entry', async () => {
    const early = startReader(reader, turnId)
    await writer.append(turnId, deltas(1_001, 1, 2))
    await early.reached(2)
    await writer.append(turnId, [terminal])
    expect(idsOf(await early.done)).to.deep.equal(idsOf([...deltas(1_001, 1, 2), terminal]))
  })

  it('ends a reader after the terminal entry, and at once when it has had that one already', async () => {
    await writer.append(turnId, [delta(1_001, 1), terminal])
    expect((await startReader(reader, turnId).done).at(-1)).to.deep.equal(terminal)
    expect(await startReader(reader, turnId, terminal.id).done).to.deep.equal([])
  })

  it('ends quietly when the signal aborts: while waiting, between two entries, and before the start', async () => {
    const waiting = startReader(reader, turnId)
    await writer.append(turnId, [delta(1_001, 1)])
    await waiting.reached(1)
    waiting.abort()
    expect(idsOf(await waiting.done)).to.deep.equal(['1001-1'])

    await writer.append(turnId, deltas(1_001, 2, 10))
    const controller = new AbortController()
    const seen: StreamEntry[] = []
    for await (const entry of reader.read(turnId, { signal: controller.signal })) {
      seen.push(entry)
      if (seen.length === 3) controller.abort()
    }
    expect(seen).to.have.length(3)

    for await (const entry of reader.read(turnId, { signal: AbortSignal.abort() })) expect.fail(idsOf([entry])[0])
  })

  it('drops a repeated entry, and one of an earlier attempt that comes late', async () => {
    const follower = startReader(reader, turnId)
    await writer.append(turnId, deltas(1_001, 1, 3))
    await writer.append(turnId, deltas(1_001, 1, 4))
    await writer.append(turnId, deltas(1_001, 1, 3))
    await writer.append(turnId, [delta(1_002, 1)])
    await writer.append(turnId, deltas(1_001, 4, 9))
    await writer.append(turnId, [terminal])
    const expected = idsOf([...deltas(1_001, 1, 4), delta(1_002, 1), terminal])
    expect(idsOf(await follower.done)).to.deep.equal(expected)
    expect(idsOf(await startReader(reader, turnId).done)).to.deep.equal(expected)
    expect(idsOf(await startReader(reader, turnId, { epoch: 1_001, sequence: 3 }).done)).to.deep.equal(
      expected.slice(3),
    )
  })

  it('gives events of one epoch rising ids, whoever writes them at once, and readers see each in that order', async () => {
    await writer.append(turnId, deltas(1_001, 1, 3))
    const follower = startReader(reader, turnId)
    const names = Array.from({ length: 40 }, (_, index) => `run-${index}`)
    await Promise.all(
      names.map((name, index) => (index % 2 === 0 ? writer : reader).appendAt(turnId, 1_901, [toolEvent(1, name)])),
    )
    await writer.append(turnId, [delta(2_001, 1), terminal])
    const entries = await follower.done
    for (const [index, entry] of entries.slice(1).entries())
      expect(compareEventIds(entry.id, (entries[index] as StreamEntry).id)).to.be.above(0)
    const seen = entries.flatMap(({ event }) => (event.type === 'approval.decided' ? [event.data.executionId] : []))
    expect(seen.toSorted()).to.deep.equal(names.toSorted())
    expect(idsOf(await startReader(reader, turnId).done)).to.deep.equal(idsOf(entries))
  })

  it('drops an event whose epoch the stream has left behind', async () => {
    await writer.append(turnId, [delta(1_001, 1)])
    await writer.appendAt(turnId, 1_901, [toolEvent(1, 'in time')])
    await writer.append(turnId, [delta(2_001, 1)])
    await writer.appendAt(turnId, 1_901, [toolEvent(1, 'too late')])
    await writer.append(turnId, [terminal])
    await writer.appendAt(turnId, 2_901, [toolEvent(2, 'after the end')])
    const entries = await startReader(reader, turnId).done
    expect(entries.map(({ event }) => event.type)).to.deep.equal([
      'text.delta',
      'approval.decided',
      'text.delta',
      'turn.cancelled',
    ])
  })

  it('keeps turns apart', async () => {
    const other = newTurnId()
    await Promise.all([
      writer.append(turnId, [delta(1_001, 1), terminal]),
      writer.append(other, [delta(2_001, 7), terminal]),
    ])
    expect(idsOf(await startReader(reader, turnId).done)).to.deep.equal(idsOf([delta(1_001, 1), terminal]))
    expect(idsOf(await startReader(reader, other).done)).to.deep.equal(idsOf([delta(2_001, 7), terminal]))
  })

  it('says whether it holds anything of a turn', async () => {
    expect(await reader.isEmpty(turnId)).to.equal(true)
    await writer.append(turnId, [])
    expect(await reader.isEmpty(turnId)).to.equal(true)
    await writer.append(turnId, [delta(1_001, 1)])
    expect(await reader.isEmpty(turnId)).to.equal(false)
  })

  it('carries a megabyte and characters of every kind unharmed', async () => {
    const text = 'ä🦉\u0000\n"\\\u2028'.repeat(150_000)
    const large = delta(1_001, 1, text)
    const follower = startReader(reader, turnId)
    await writer.append(turnId, [large, terminal])
    expect((await follower.done)[0]).to.deep.equal(large)
    expect((await startReader(reader, turnId).done)[0]).to.deep.equal(large)
  })

  it('shares no objects between publisher and readers', async () => {
    const original = delta(1_001, 1, 'as published')
    await writer.append(turnId, [original])
    Object.assign(original.event.data, { text: 'changed by the publisher' })
    const first = startReader(reader, turnId)
    await first.reached(1)
    Object.assign((first.entries[0] as StreamEntry).event.data, { text: 'changed by a reader' })
    await writer.append(turnId, [terminal])
    expect((await startReader(reader, turnId).done)[0]).to.deep.equal(delta(1_001, 1, 'as published'))
    await first.done
  })

  it('loses nothing for a reader that is slower than any queue is long', async () => {
    await writer.append(turnId, [delta(1_001, 1)])
    const iterator = reader.read(turnId, { signal: new AbortController().signal })[Symbol.asyncIterator]()
    const first = await iterator.next()
    for (let sequence = 2; sequence <= 3_000; sequence += 100) {
      await writer.append(turnId, deltas(1_001, sequence, Math.min(sequence + 99, 3_000)))
    }
    await writer.append(turnId, [terminal])
    const seen = [first.value as StreamEntry]
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) seen.push(next.value)
    expect(idsOf(seen)).to.deep.equal(idsOf([...deltas(1_001, 1, 3_000), terminal]))
  })

  it('ends its readers when it is closed', async () => {
    await writer.append(turnId, [delta(1_001, 1)])
    const follower = startReader(reader, turnId)
    await follower.reached(1)
    await reader.close()
    expect(idsOf(await follower.done)).to.deep.equal(['1001-1'])
  })

  it('goes on with higher ids at the same epoch after a turn was forgotten', async () => {
    const brief = await open({ retentionMs: 1_000 })
    try {
      await brief.writer.appendAt(turnId, 1_901, [toolEvent(1, 'a'), toolEvent(1, 'b')])
      const before = startReader(brief.reader, turnId)
      await before.reached(2)
      before.abort()
      const last = (await before.done).at(-1) as StreamEntry
      await brief.writer.expire(turnId)
      await eventually('the turn is forgotten', () => brief.reader.isEmpty(turnId))
      await brief.writer.appendAt(turnId, 1_901, [toolEvent(1, 'c')])
      const resumed = startReader(brief.reader, turnId, last.id)
      await resumed.reached(1)
      resumed.abort()
    } finally {
      await brief.close()
    }
  })

  it('forgets a turn after the retention, once it may expire; who still follows it sees what comes later', async () => {
    const brief = await open({ retentionMs: 1_000 })
    const keptId = newTurnId()
    try {
      await brief.writer.append(turnId, [delta(1_001, 1)])
      await brief.writer.append(keptId, [delta(1_001, 1)])
      const follower = startReader(brief.reader, turnId)
      await follower.reached(1)
      await brief.writer.expire(turnId)
      expect(await brief.reader.isEmpty(turnId)).to.equal(false)
      await eventually('the turn is forgotten', () => brief.reader.isEmpty(turnId))
      expect(await brief.reader.isEmpty(keptId)).to.equal(false)
      await brief.writer.append(turnId, [terminal])
      expect(idsOf(await follower.done)).to.deep.equal(idsOf([delta(1_001, 1), terminal]))
    } finally {
      await brief.close()
    }
  })
}
