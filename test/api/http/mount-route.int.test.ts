import { expect } from 'chai'
import request from 'supertest'
import type { Route } from '../../../api/http/route.ts'
import { AppError } from '../../../domain/errors.ts'
import { expectProblem } from '../../support/expect-problem.ts'
import { createItemRoutes, itemId } from '../../support/item-routes.ts'
import { type KernelServer, as, startKernelServer } from '../../support/kernel-server.ts'
import { sendRaw } from '../../support/raw-request.ts'

describe('mountRoutes', () => {
  let server: KernelServer
  const api = () => request(`${server.url}/api/v1`)

  before(async () => {
    server = await startKernelServer({ routes: createItemRoutes() })
  })
  after(() => server.stop())

  it('asks for an account, and then for the permission', async () => {
    const anonymous = await api().post('/items').send({ title: 'a' })
    expect(expectProblem(anonymous, 401)['code']).to.equal('auth.unauthenticated')
    expect(anonymous.headers['www-authenticate']).to.equal('Bearer')
    const reader = await api().post('/items').set(as('u1', 'document:read')).send({ title: 'a' })
    expect(expectProblem(reader, 403)['detail']).to.contain('document:write')
    expect((await api().post('/items').set(as('u1', 'document:write')).send({ title: 'a' })).status).to.equal(201)
    expect((await api().get(`/items/${itemId}`).set(as('u1'))).status).to.equal(200)
    expect((await api().get('/items/newest')).status).to.equal(200)
  })

  it('asks fixed paths before placeholders, wherever they stand in the table', async () => {
    expect((await api().get('/items/newest')).body).to.deep.equal({ newest: true })
  })

  it('answers HEAD like GET, without the body', async () => {
    const response = await api().head('/items/newest')
    expect(response.status).to.equal(200)
    expect(response.text).to.equal(undefined)
  })

  it('answers unknown paths and methods with 404', async () => {
    expectProblem(await api().get('/nothing'), 404)
    expectProblem(await api().get('/Items/newest'), 404)
    expectProblem(await api().put('/items').send({}), 404)
    expectProblem(await api().patch('/items/newest'), 404)
    expectProblem(await request(server.url).get('/%zz'), 404)
    expectProblem(await sendRaw(server.port, 'PROPFIND /api/v1/items HTTP/1.1\r\nHost: x\r\n\r\n'), 404)
  })

  it('refuses a table in which one route hides another', async () => {
    const routes = createItemRoutes()
    const twin = { ...routes[0], path: '/items/{otherName}' } as Route
    const failure = await startKernelServer({ routes: [...routes, twin] }).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(AppError)
  })
})
