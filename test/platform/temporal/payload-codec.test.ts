import { randomBytes } from 'node:crypto'
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common'
import { expect } from 'chai'
import fc from 'fast-check'
import { isRefused } from '../../../domain/refused-payload.ts'
import { createPlatformKeys } from '../../../platform/keys.ts'
import { createPayloadCodec } from '../../../platform/temporal/payload-codec.ts'

const first = { id: 'first', key: randomBytes(32) }
const second = { id: 'second', key: randomBytes(32) }
const codecWith = (keys = [first], namespace = 'default'): PayloadCodec =>
  createPayloadCodec({ keys: createPlatformKeys(keys), namespace })

const toPayload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value)
const toValue = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload ?? {})
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString()

describe('createPayloadCodec', () => {
  const codec = codecWith()
  const seal = async (value: unknown): Promise<Payload> => (await codec.encode([toPayload(value)]))[0] ?? {}
  const open = async (payload: Payload, by = codec): Promise<unknown> => toValue((await by.decode([payload]))[0])
  const changed = (payload: Payload, at: number): Payload => {
    const data = Uint8Array.from(payload.data ?? [])
    data[at] = (data[at] ?? 0) ^ 1
    return { ...payload, data }
  }

  it('gives back what it was given, of any kind and size', async () => {
    const values = [undefined, null, '', 0, { a: ['é', 1] }, 'x'.repeat(100_000), Uint8Array.of(0, 255)]
    const sealed = await codec.encode(values.map(toPayload))
    expect((await codec.decode(sealed)).map(toValue)).to.deep.equal(values)
    expect(await codec.encode([])).to.deep.equal([])
  })

  it('gives back metadata of any name, and data that is no JSON', async () => {
    const metadata = fc.dictionary(fc.string(), fc.uint8Array({ maxLength: 40 }), { maxKeys: 5, noNullPrototype: true })
    await fc.assert(
      fc.asyncProperty(metadata, fc.uint8Array({ maxLength: 2_000 }), async (metadata, data) => {
        fc.pre(
          text(metadata['encoding']) !== 'binary/encrypted' &&
            !('__proto__' in metadata && Object.hasOwn(metadata, '__proto__')),
        )
        const [opened] = await codec.decode(await codec.encode([{ metadata, data }]))
        expect(Buffer.from(opened?.data ?? []).equals(data)).to.equal(true)
        expect(Object.keys(opened?.metadata ?? {}).toSorted()).to.deep.equal(Object.keys(metadata).toSorted())
      }),
    )
  })

  it('shows the encoding and the key’s id, and neither the value nor its kind', async () => {
    const { metadata, data } = await seal({ word: 'canary' })
    expect(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])).to.deep.equal([
      ['encoding', 'binary/encrypted'],
      ['encryption-key-id', 'first'],
    ])
    expect(text(data)).not.to.contain('canary').and.not.contain('json')
  })

  it('never encrypts two values alike', async () => {
    expect(Buffer.from((await seal('same')).data ?? [])).not.to.deep.equal(Buffer.from((await seal('same')).data ?? []))
  })

  it('compresses what is long and repeats itself, and leaves the rest as it is', async () => {
    expect((await seal('x'.repeat(100_000))).data?.length).to.be.lessThan(1_000)
    const short = toPayload('x'.repeat(100))
    const sizeOf = async (payload: Payload) => (await codec.encode([payload]))[0]?.data?.length ?? 0
    expect(await sizeOf(short)).to.be.greaterThan(100)
    const random = toPayload(randomBytes(10_000))
    expect(await sizeOf(random)).to.be.lessThan(10_200)
  })

  it('lets payloads in the clear through', async () => {
    const plain = [toPayload({ turnId: '1' }), toPayload(undefined), {}, { metadata: {}, data: Uint8Array.of(1) }]
    expect(await codec.decode(plain)).to.deep.equal(plain)
  })

  it('refuses by a value, never by an error, whatever byte was changed', async () => {
    const sealed = await seal({ word: 'canary' })
    for (let at = 0; at < (sealed.data?.length ?? 0); at += 1) {
      expect(isRefused(await open(changed(sealed, at))), `byte ${at}`).to.equal(true)
    }
  })

  it('refuses what was cut, extended, made for another namespace, or named after another key', async () => {
    const sealed = await seal('value')
    const data = sealed.data ?? new Uint8Array()
    const keyId = { ...sealed.metadata, 'encryption-key-id': Buffer.from('second') }
    const both = codecWith([first, second])
    const faulty: Payload[] = [
      { ...sealed, data: data.subarray(0, 0) },
      { ...sealed, data: data.subarray(0, 28) },
      { ...sealed, data: data.subarray(0, -1) },
      { ...sealed, data: Buffer.concat([data, Buffer.from('x')]) },
      { metadata: keyId, data },
      { metadata: { encoding: Buffer.from('binary/encrypted') }, data },
      { metadata: { ...sealed.metadata, 'encryption-key-id': Buffer.from('a b\n') }, data },
      { metadata: sealed.metadata ?? {} },
    ]
    for (const payload of faulty) expect(isRefused(await open(payload, both))).to.equal(true)
    expect(isRefused(await open(sealed, codecWith([first], 'other')))).to.equal(true)
    expect(isRefused(await open(sealed))).to.equal(false)
  })

  it('never throws for what anybody may send, but for a key that is missing', async () => {
    const bytes = fc.uint8Array({ maxLength: 60 })
    const keyIds = fc.oneof(
      fc.constant(Buffer.from('first')),
      bytes.filter((id) => !/^[\x21-\x7e]+$/.test(text(id))),
    )
    await fc.assert(
      fc.asyncProperty(keyIds, bytes, async (keyId, data) => {
        const encoding = Buffer.from('binary/encrypted')
        expect(isRefused(await open({ metadata: { encoding, 'encryption-key-id': keyId }, data }))).to.equal(true)
      }),
    )
  })

  it('reads by any listed key, writes by the first, and names the one that is missing', async () => {
    const old = await seal('old')
    const rotated = codecWith([second, first])
    const [renewed = {}] = await rotated.encode([toPayload('new')])
    expect(text(renewed.metadata?.['encryption-key-id'])).to.equal('second')
    expect(await open(old, rotated)).to.equal('old')
    expect(await open(renewed, rotated)).to.equal('new')
    const failure = await codec.decode([renewed]).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(Error).with.property('message').that.contains('second')
  })
})
