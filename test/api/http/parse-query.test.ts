import { expect } from 'chai'
import { parseQuery } from '../../../api/http/parse-query.ts'
import { AppError } from '../../../domain/errors.ts'

describe('parseQuery', () => {
  it('decodes keys and values, and gathers repeated keys', () => {
    expect({ ...parseQuery('a=1&b=x%20y+z&c&a=2&a=3&%C3%A9=%F0%9F%91%8D&e==') }).to.deep.equal({
      a: ['1', '2', '3'],
      b: 'x y z',
      c: '',
      é: '👍',
      e: '=',
    })
    for (const empty of ['', null, undefined, '&&']) expect({ ...parseQuery(empty) }).to.deep.equal({})
  })

  it('refuses broken encodings and what can’t be stored', () => {
    for (const text of ['a=%', 'a=%zz', '%=1', 'a=%ff', 'a=%C3', 'a=%ed%a0%80']) {
      expect(() => parseQuery(text), text).to.throw(URIError)
    }
    for (const text of ['a=%00', '%00=a']) expect(() => parseQuery(text), text).to.throw(AppError)
  })

  it('can’t reach a prototype', () => {
    const query = parseQuery('__proto__=1&__proto__=2&constructor=x')
    expect(Object.getPrototypeOf(query)).to.equal(null)
    expect(query['__proto__']).to.deep.equal(['1', '2'])
    expect(query['constructor']).to.equal('x')
    expect(query['toString']).to.equal(undefined)
  })
})
