import { expect } from 'chai'
import { statusOf, toAppError, toProblem } from '../../../api/http/problem.ts'
import { AppError, type ErrorKind } from '../../../domain/errors.ts'

/** As http-errors makes them. */
const httpError = (status: number, fields: object = {}): Error =>
  Object.assign(new Error('the body was {"password": "hunter2"}'), { status, expose: status < 500, ...fields })

describe('problem', () => {
  it('maps every kind to the status of the contract', () => {
    const statuses: Record<ErrorKind, number> = {
      malformed: 400,
      unauthenticated: 401,
      forbidden: 403,
      'not-found': 404,
      conflict: 409,
      precondition: 412,
      'too-large': 413,
      unsupported: 415,
      invalid: 422,
      limited: 429,
      internal: 500,
      unavailable: 503,
    }
    for (const [kind, status] of Object.entries(statuses)) expect(statusOf(kind as ErrorKind), kind).to.equal(status)
  })

  it('holds what RFC 9457 names, the code, and the faults', () => {
    const errors = [{ path: 'title', message: 'is missing' }]
    const error = new AppError('request.invalid', { detail: 'Say more.', errors, resourceId: 'r1' })
    expect(toProblem(error, '/api/v1/chats?q=secret')).to.deep.equal({
      type: 'urn:cdsa:problem:request.invalid',
      title: 'The request doesn’t match its schema',
      status: 422,
      code: 'request.invalid',
      detail: 'Say more.',
      instance: '/api/v1/chats',
      errors,
      resourceId: 'r1',
    })
  })

  it('keeps foreign messages and internal details to itself', () => {
    const foreign = toProblem(toAppError(new TypeError('hunter2 is not a function')), '/x')
    const ours = toProblem(new AppError('internal', { detail: 'The key hunter2 is missing.' }), '/x')
    const thrownText = toProblem(toAppError('hunter2'), '/x')
    for (const problem of [foreign, ours, thrownText]) {
      expect(problem).to.include({ status: 500, code: 'internal' })
      expect(JSON.stringify(problem)).not.to.contain('hunter2')
    }
  })

  it('recognises what Express and its parsers raise, without their words', () => {
    const cases: [Error, string][] = [
      [new URIError('URI malformed'), 'request.malformed'],
      [httpError(400), 'request.malformed'],
      [httpError(400, { type: 'request.aborted' }), 'request.aborted'],
      [httpError(404), 'route.not_found'],
      [httpError(412), 'request.precondition_failed'],
      [httpError(413), 'request.too_large'],
      [httpError(415), 'request.unsupported_media_type'],
      [httpError(416), 'request.malformed'],
      [httpError(500), 'internal'],
    ]
    for (const [error, code] of cases) {
      const problem = toProblem(toAppError(error), '/')
      expect(problem.code).to.equal(code)
      expect(JSON.stringify(problem)).not.to.contain('hunter2')
    }
  })

  it('doesn’t take another library’s status for its own', () => {
    const upstream = Object.assign(new Error('401 Incorrect API key'), { status: 401 })
    expect(toAppError(upstream).code).to.equal('internal')
  })

  it('tells an outage from a fault', () => {
    const refused = Object.assign(new Error('connect'), {
      parent: Object.assign(new Error(''), { code: 'ECONNREFUSED' }),
    })
    const stopping = Object.assign(new Error('sql'), { parent: Object.assign(new Error(''), { code: '57P01' }) })
    const syntax = Object.assign(new Error('sql'), { parent: Object.assign(new Error(''), { code: '42601' }) })
    expect(toAppError(refused).code).to.equal('service.unavailable')
    expect(toAppError(stopping).code).to.equal('service.unavailable')
    expect(toAppError(syntax).code).to.equal('internal')
    const grpc = (code: number) => Object.assign(new Error('14 UNAVAILABLE'), { code, details: '', metadata: {} })
    expect(toAppError(new Error('wrapped', { cause: grpc(14) })).code).to.equal('service.unavailable')
    expect(toAppError(grpc(3)).code).to.equal('internal')
  })

  it('makes any path a URI reference', () => {
    const { instance } = toProblem(new AppError('route.not_found'), '/a%ZZ/<b>"\u00e9\\%41')
    expect(instance).to.equal('/a%25ZZ/%3Cb%3E%22%C3%A9%5C%41')
  })
})
