import { expect } from 'chai'
import { formatEvent } from '../../../api/http/event-stream.ts'
import { AppError } from '../../../domain/errors.ts'

describe('formatEvent', () => {
  it('writes name, id and one line of JSON', () => {
    expect(formatEvent({ id: '7', event: 'text.delta', data: { text: 'a\n\r\u2028b' } })).to.equal(
      'event: text.delta\nid: 7\ndata: {"text":"a\\n\\r\u2028b"}\n\n',
    )
    expect(formatEvent({ event: 'tick', data: undefined })).to.equal('event: tick\ndata: null\n\n')
  })

  it('refuses names and ids that would forge another field', () => {
    for (const forged of ['a\ndata: 1', 'a\r', '1\0']) {
      expect(() => formatEvent({ id: forged, event: 'a', data: 1 }), forged).to.throw(AppError)
    }
    expect(() => formatEvent({ event: 'a\nid: 9', data: 1 })).to.throw(AppError)
  })
})
