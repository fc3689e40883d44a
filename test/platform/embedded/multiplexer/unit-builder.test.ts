// Units are whole or not at all, statements carry the connection's own names, refused texts are replaced.
import { expect } from 'chai'
import { MessageReader } from '../../../../platform/embedded/multiplexer/message-reader.ts'
import { ProtocolViolation } from '../../../../platform/embedded/multiplexer/protocol-violation.ts'
import { StatementNames } from '../../../../platform/embedded/multiplexer/statement-names.ts'
import { type Unit, UnitBuilder } from '../../../../platform/embedded/multiplexer/unit-builder.ts'
import { message } from '../../../../platform/embedded/multiplexer/wire-messages.ts'
import { raw } from '../../../support/raw-postgres.ts'

function build(builder: UnitBuilder, ...messages: readonly Buffer[]): Unit[] {
  const reader = new MessageReader(10_000)
  reader.push(Buffer.concat(messages))
  const units: Unit[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) {
    const unit = builder.add(next)
    if (unit !== undefined) units.push(unit)
  }
  return units
}

describe('UnitBuilder', () => {
  let builder: UnitBuilder
  beforeEach(() => {
    builder = new UnitBuilder(new StatementNames(7), 10_000)
  })

  it('gives out nothing before the Sync', () => {
    expect(build(builder, raw.parse('select 1'), raw.bind(), raw.execute())).to.deep.equal([])
    const [unit] = build(builder, raw.sync())
    expect(unit?.end).to.equal('sync')
    expect(unit?.bytes).to.deep.equal(Buffer.concat([raw.parse('select 1'), raw.bind(), raw.execute(), raw.sync()]))
  })

  it('ends a unit at each Query, Sync and Flush', () => {
    const units = build(builder, raw.query('select 1'), raw.parse('select 2'), raw.flush(), raw.bind(), raw.sync())
    expect(units.map((unit) => unit.end)).to.deep.equal(['query', 'flush', 'sync'])
  })

  it('gives named statements names of the connection, the same at every use', () => {
    const [unit] = build(builder, raw.parse('select 1', 'n'), raw.describe('n'), raw.bind('n'), raw.sync())
    expect(unit?.bytes).to.deep.equal(
      Buffer.concat([raw.parse('select 1', 'c7_0'), raw.describe('c7_0'), raw.bind('c7_0'), raw.sync()]),
    )
  })

  it('tells apart names that agree in their first 63 bytes', () => {
    const [unit] = build(
      builder,
      raw.parse('a', `${'x'.repeat(63)}1`),
      raw.parse('b', `${'x'.repeat(63)}2`),
      raw.sync(),
    )
    expect(unit?.bytes).to.deep.equal(Buffer.concat([raw.parse('a', 'c7_0'), raw.parse('b', 'c7_1'), raw.sync()]))
  })

  it('notes what becomes of the unnamed statement', () => {
    const [parsed] = build(builder, raw.parse('select 1'), raw.bind(), raw.sync())
    const [reused] = build(builder, raw.bind(), raw.execute(), raw.sync())
    const [query] = build(builder, raw.query('select 2'))
    const [named] = build(builder, raw.parse('select 3', 'n'), raw.bind('n'), raw.sync())
    expect(parsed).to.deep.include({ usesEarlierUnnamed: false, unnamed: raw.parse('select 1') })
    expect(reused).to.deep.include({ usesEarlierUnnamed: true, unnamed: undefined })
    expect(query).to.deep.include({ usesEarlierUnnamed: false, unnamed: null })
    expect(named).to.deep.include({ usesEarlierUnnamed: false, unnamed: undefined })
  })

  it('replaces a refused text in both protocols', () => {
    const [simple, extended] = build(builder, raw.query('reset all'), raw.parse('reset all', 'n'), raw.sync())
    expect(simple?.bytes.toString()).to.match(/^Q.*select embedded\.refuse/s)
    expect(extended?.bytes.toString()).to.match(/^P.*c7_0\0select embedded\.refuse/s)
  })

  it('leaves a closed portal alone', () => {
    const close = message('C'.charCodeAt(0), Buffer.from('Pmine\0'))
    expect(build(builder, close, raw.sync())[0]?.bytes).to.deep.equal(Buffer.concat([close, raw.sync()]))
  })

  it('ignores what is left of a failed COPY', () => {
    const copyData = message('d'.charCodeAt(0), Buffer.from('1\n'))
    expect(build(builder, copyData, raw.sync())[0]?.bytes).to.deep.equal(raw.sync())
  })

  it('refuses unknown messages, texts without end, and endless units', () => {
    const unended = message('P'.charCodeAt(0), Buffer.from('name'))
    expect(() => build(builder, raw.unknown())).to.throw(ProtocolViolation)
    expect(() => build(builder, unended)).to.throw(ProtocolViolation)
    expect(() => build(builder, ...Array.from({ length: 2_000 }, () => raw.execute())))
      .to.throw(ProtocolViolation)
      .with.property('sqlState', '54000')
  })
})
