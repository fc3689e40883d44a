// Framing must not depend on how the network cuts the stream, so it is cut everywhere.
import { expect } from 'chai'
import { MessageReader } from '../../../../platform/embedded/multiplexer/message-reader.ts'
import { ProtocolViolation } from '../../../../platform/embedded/multiplexer/protocol-violation.ts'
import { queryMessage, syncMessage } from '../../../../platform/embedded/multiplexer/wire-messages.ts'
import { raw } from '../../../support/raw-postgres.ts'

const longest = 1_000

function readAll(reader: MessageReader): Buffer[] {
  const messages: Buffer[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) messages.push(next.bytes)
  return messages
}

describe('MessageReader', () => {
  const messages = [queryMessage('select 1'), syncMessage, queryMessage(''), queryMessage('select $1::text')]
  const stream = Buffer.concat(messages)

  it('finds the same messages wherever the stream is cut in two', () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const reader = new MessageReader(longest)
      reader.push(stream.subarray(0, cut))
      const first = readAll(reader)
      reader.push(stream.subarray(cut))
      expect([...first, ...readAll(reader)], `cut at ${cut}`).to.deep.equal(messages)
      expect(reader.buffered).to.equal(0)
    }
  })

  it('finds the same messages when every byte comes alone', () => {
    const reader = new MessageReader(longest)
    const found: Buffer[] = []
    for (const byte of stream) {
      reader.push(Buffer.from([byte]))
      found.push(...readAll(reader))
    }
    expect(found).to.deep.equal(messages)
  })

  it('tells the type and keeps what follows', () => {
    const reader = new MessageReader(longest)
    reader.push(Buffer.concat([syncMessage, Buffer.from('Q')]))
    expect(reader.next()?.type).to.equal('S'.charCodeAt(0))
    expect(reader.next()).to.equal(undefined)
    expect(reader.buffered).to.equal(1)
  })

  it('reads a start-up packet cut anywhere, and the message after it', () => {
    const packet = raw.startup({ user: 'cdsa_app', database: 'postgres' })
    const both = Buffer.concat([packet, syncMessage])
    for (let cut = 0; cut <= both.length; cut += 1) {
      const reader = new MessageReader(longest)
      reader.push(both.subarray(0, cut))
      const early = reader.nextStartup()
      reader.push(both.subarray(cut))
      expect(early ?? reader.nextStartup(), `cut at ${cut}`).to.deep.equal(packet)
      expect(reader.next()?.bytes).to.deep.equal(syncMessage)
    }
  })

  it('joins a large message that came in many chunks', () => {
    const big = queryMessage('x'.repeat(900))
    const reader = new MessageReader(longest)
    for (let at = 0; at < big.length; at += 7) reader.push(big.subarray(at, at + 7))
    expect(reader.next()?.bytes).to.deep.equal(big)
  })

  it('refuses a message over the limit before it has come whole', () => {
    const reader = new MessageReader(longest)
    reader.push(queryMessage('x'.repeat(longest)).subarray(0, 5))
    expect(() => reader.next())
      .to.throw(ProtocolViolation)
      .with.property('sqlState', '54000')
  })

  for (const length of [-1, 0, 3]) {
    it(`refuses the impossible message length ${length}`, () => {
      const header = Buffer.alloc(5, 'S')
      header.writeInt32BE(length, 1)
      const reader = new MessageReader(longest)
      reader.push(header)
      expect(() => reader.next()).to.throw(ProtocolViolation)
    })
  }

  for (const length of [0, 7, 10_001, -5]) {
    it(`refuses the impossible start-up length ${length}`, () => {
      const header = Buffer.alloc(8)
      header.writeInt32BE(length, 0)
      const reader = new MessageReader(longest)
      reader.push(header)
      expect(() => reader.nextStartup()).to.throw(ProtocolViolation)
    })
  }
})
