// Where a sign-in may lead: every spelling of another host that browsers know, and the paths of a web client.
import { expect } from 'chai'
import fc from 'fast-check'
import { returnToSchema } from '../../../domain/auth/return-to.ts'

const origin = 'https://ai.example.org'
/** Where a browser on that origin would go. */
const leadsTo = (location: string): string => new URL(location, `${origin}/api/v1/auth/oidc/callback`).origin

describe('the path after a sign-in', () => {
  it('is taken as it is, or in the form of a URL', () => {
    for (const path of ['/', '/chats/1?tab=a%20b&x=1#end', '/a/../b', '/a%2Fb', '/settings?next=/home'])
      expect(returnToSchema.safeParse(path).success, path).to.equal(true)
    expect(returnToSchema.parse('/chats/ä b?q=ü')).to.equal('/chats/%C3%A4%20b?q=%C3%BC')
  })

  it('leads to no other origin, however it is spelled', () => {
    const spellings = [
      '',
      'chats',
      'https://evil.example',
      'javascript:alert(1)',
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\/evil.example',
      '/%2Fevil.example',
      '/%2fevil.example',
      '%2F%2Fevil.example',
      '/%5Cevil.example',
      '/a//evil.example',
      '/.//evil.example',
      '/..//evil.example',
      '/\t/evil.example',
      '/%09/evil.example',
      '/\n/evil.example',
      '/%0d%0aSet-Cookie:a=b',
      '/a\r\nSet-Cookie: a=b',
      '/a\u0000',
      '/a\u2028b',
      ' /a',
      '/%',
      '/%zz',
      '/%c0%af',
      `/${'a'.repeat(1_000)}`,
    ]
    for (const path of spellings) expect(returnToSchema.safeParse(path).success, JSON.stringify(path)).to.equal(false)
  })

  it('stays on this origin and in one header line, whatever was taken', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '%2f',
      '%5c',
      '.',
      '..',
      'a',
      '@',
      ':',
      '?',
      '#',
      '\t',
      '%09',
      'evil.example',
      'ä',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const taken = returnToSchema.safeParse(`/${pieces.join('')}`)
        if (!taken.success) return
        expect(taken.data).to.match(/^\/(?!\/)[\x21-\x7e]*$/)
        expect(leadsTo(taken.data)).to.equal(origin)
      }),
      { numRuns: 2_000 },
    )
  })
})
