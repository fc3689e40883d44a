// The table of routes: each says who may call it, in words that there are; one that doesn’t isn’t compiled.
import { expect } from 'chai'
import { jwksRoute } from '../../../api/auth/jwks.ts'
import { defineRoute } from '../../../api/http/route.ts'
import { routes } from '../../../api/routes.ts'
import { permissions } from '../../../domain/auth/permission.ts'

const undeclared = { method: 'get', path: '/x', tag: 'x', summary: 'X', responses: { 204: null } } as const
const handle = async () => ({ status: 204 }) as const

describe('routes', () => {
  it('[S12] each declare who may call them', () => {
    const known = ['public', 'signed-in', ...permissions]
    for (const { method, path, access } of [...routes, jwksRoute])
      expect(access, `${method} ${path}`).to.be.oneOf(known)
  })

  it('[S12] don’t compile without that, nor with a permission that there isn’t', () => {
    // @ts-expect-error -- `access` is missing
    defineRoute({ ...undeclared, handle })
    // @ts-expect-error -- no such permission
    defineRoute({ ...undeclared, access: 'all:everything', handle })
    expect(defineRoute({ ...undeclared, access: 'public', handle })).to.include({ access: 'public' })
  })

  it('are public only where nobody can be signed in yet', () => {
    const open = routes.filter(({ access }) => access === 'public').map(({ path }) => path)
    expect(open.every((path) => path.startsWith('/auth/'))).to.equal(true)
  })
})
