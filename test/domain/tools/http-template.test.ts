// The requests that tools make of arguments: where an argument may stand, and that none can leave its place there.
import { expect } from 'chai'
import fc from 'fast-check'
import { AppError } from '../../../domain/errors.ts'
import {
  type HttpToolConfig,
  argumentNamesOf,
  httpToolConfigSchema,
  previewOf,
  render,
  secretReferencesOf,
} from '../../../domain/tools/http-template.ts'

const parse = (config: Record<string, unknown>): HttpToolConfig => httpToolConfigSchema.parse(config)
const faultOf = (config: Record<string, unknown>): string =>
  httpToolConfigSchema
    .safeParse(config)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ') ?? ''
const url = 'https://api.example.org/v1'
const refused = (config: HttpToolConfig, args: Record<string, unknown>): AppError => {
  try {
    render(config, args)
  } catch (error) {
    return error as AppError
  }
  throw new Error('It was rendered.')
}

/** Texts that try to leave their place, and any others. */
const hostile = fc.oneof(
  fc.constantFrom(
    '..',
    '.',
    '../..',
    '..\\..',
    '/',
    '//evil.test',
    'a/../../b',
    '%2e%2e',
    '%2e%2e%2f',
    '?x=1',
    '#f',
    '&a=b',
    '=',
  ),
  fc.constantFrom(
    '"',
    '\\',
    '\\"',
    '", "admin": true, "x": "',
    '\r\nx-evil: 1',
    '\n',
    '\u0000',
    '\u2028',
    '\ud800',
    '@evil.test',
  ),
  fc.constantFrom('{{other}}', '{{arguments}}', 'secret://db/password', ':80', '\t', ' ', '\u3002\u3002', '\uff0f'),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'f', '{', '}', '?', '#', '"', '\n', '&', '=', 'é'),
  }),
)
const anything = fc.oneof(hostile, fc.jsonValue() as fc.Arbitrary<unknown>, fc.constant(undefined))

/** The rendered request; undefined when an argument was refused, by its name. */
function rendered(config: HttpToolConfig, args: Record<string, unknown>) {
  try {
    return render(config, args)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.code).to.equal('tool.arguments_invalid')
    expect(error.errors?.[0]?.path).to.be.oneOf(['a', 'b', ''])
    return undefined
  }
}

describe('the configuration of an http tool', () => {
  it('has placeholders in path, query, headers and body', () => {
    const config = parse({
      method: 'POST',
      url: `${url}/users/{{ id }}/posts?q={{query}}&page=1&opt={{opt}}`,
      headers: { 'X-Trace': 'call-{{id}}', Authorization: 'secret://crm/token#3', 'x-opt': '{{opt}}' },
      body: { id: '{{id}}', title: 'On {{query}}', tags: '{{tags}}', opt: '{{opt}}', n: 1, all: '{{arguments}}' },
    })
    expect(argumentNamesOf(config)).to.have.members(['id', 'query', 'opt', 'tags'])
    expect(secretReferencesOf(config)).to.deep.equal(['secret://crm/token#3'])
    const args = { id: 7, query: 'a b&c', tags: ['x'] }
    const request = render(config, args)
    expect(request).to.deep.include({
      method: 'POST',
      url: `${url}/users/7/posts?q=a%20b%26c&page=1`,
      headers: { 'X-Trace': 'call-7', 'content-type': 'application/json' },
      secretHeaders: { Authorization: 'secret://crm/token#3' },
    })
    expect(JSON.parse(request.body ?? '')).to.deep.equal({ id: 7, title: 'On a b&c', tags: ['x'], n: 1, all: args })
  })

  it('may have its body as JSON text, as a form, or without placeholders as any text', () => {
    const json = parse({
      method: 'POST',
      url,
      body: '{"q": "say {{q}}", "n": {{n}}, "none": {{none}}, "s": "{{n}}", "o": {"p": {{o}}}}',
    })
    const text = render(json, { q: 'a "quoted"\n\\ text', n: 5, o: { x: [1] } }).body ?? ''
    expect(JSON.parse(text)).to.deep.equal({
      q: 'say a "quoted"\n\\ text',
      n: 5,
      none: null,
      s: '5',
      o: { p: { x: [1] } },
    })
    expect(render(parse({ method: 'POST', url, body: '{{arguments}}' }), { a: 1 }).body).to.equal('{"a":1}')
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const formConfig = parse({ method: 'POST', url, headers: form, body: 'grant=x&name={{name}}&opt={{opt}}' })
    expect(render(formConfig, { name: 'a&b=c d' }).body).to.equal('grant=x&name=a%26b%3Dc%20d')
    const plain = parse({ method: 'PUT', url, headers: { 'content-type': 'text/plain' }, body: 'not {JSON}' })
    expect(render(plain, {}).body).to.equal('not {JSON}')
  })

  it('has none in what decides where the request goes', () => {
    for (const address of [
      'https://{{host}}/x',
      'https://api.{{host}}.org/',
      '{{scheme}}://example.org/',
      'https://example.org:{{port}}/',
      '{{url}}',
      'https://{{user}}@example.org/',
      'https://user:pw@example.org/',
      'ftp://example.org/',
      '//example.org/',
      'https://example.org/#{{a}}',
      'https://example.org\\{{a}}',
      'https://example.org/{{a',
      'https://example.org/a}}',
      'https:/{{a}}',
      'https://example.org/a?{{name}}=1',
      'https://example.org/a?{{name}}',
      'https://example.org/../x',
      'https://example.org/a/.\t./x',
      'https://example.org/%2e%2E/x',
      'https://example.org/{{a b}}',
      'https://example.org/{{a/b}}',
      'https://exa mple.org/',
      'javascript:alert(1)',
      '',
    ]) {
      expect(faultOf({ url: address }), address).to.match(/^url: /)
    }
  })

  it('names secrets as whole header values and nowhere else', () => {
    expect(faultOf({ url, headers: { a: 'Bearer secret://x/y' } })).to.include('headers.a')
    expect(faultOf({ url, headers: { a: 'secret://x/{{name}}' } })).to.include('headers.a')
    expect(faultOf({ url, headers: { a: 'secret://' } })).to.include('headers.a')
    expect(faultOf({ method: 'POST', url, body: { a: 'secret://x/y' } })).to.include('body: ')
    const config = parse({ url, headers: { a: '{{a}}' } })
    expect(render(config, { a: 'secret://x/y' })).to.deep.include({ secretHeaders: {}, headers: { a: 'secret://x/y' } })
  })

  it('is refused where it can’t be sent', () => {
    expect(faultOf({ url, headers: { 'a b': 'x' } })).to.include('headers')
    expect(faultOf({ url, headers: { a: 'x\r\ny: z' } })).to.include('headers.a')
    expect(faultOf({ url, headers: { a: '{{a' } })).to.include('headers.a')
    expect(faultOf({ url, headers: { a: '1', A: '2' } })).to.include('headers')
    expect(faultOf({ method: 'GET', url, body: {} })).to.include('body')
    expect(faultOf({ method: 'TRACE', url })).to.include('method')
    expect(faultOf({ method: 'POST', url, body: 'Hello {{name}}' })).to.include('body')
    expect(faultOf({ method: 'POST', url, body: '{"a": "\\u00{{a}}"}' })).to.include('body')
    expect(faultOf({ method: 'POST', url, body: '{{{a}}: 1}' })).to.include('body')
    expect(faultOf({ method: 'POST', url, body: { '{{a}}': 1 } })).to.include('body')
    expect(faultOf({ url, query: {} })).to.include('query')
  })

  it('shows an approver what will be sent, with the secrets’ paths', () => {
    const headers = { authorization: 'secret://crm/token', 'x-key': 'secret://crm/key#2', accept: 'application/json' }
    const config = parse({ method: 'DELETE', url: `${url}/users/{{id}}`, headers, body: { why: '{{why}}' } })
    expect(previewOf(config, { id: 'a b', why: 'left' })).to.deep.equal({
      method: 'DELETE',
      url: `${url}/users/a%20b`,
      secretPaths: ['crm/token', 'crm/key'],
      body: '{"why":"left"}',
    })
    expect(previewOf(parse({ url }), {}).body).to.equal(null)
  })
})

describe('an argument of an http tool', () => {
  it('is refused in a path when it is empty, missing, or climbs', () => {
    const config = parse({ url: `${url}/{{a}}/x` })
    for (const a of ['', undefined, null, '.', '..', '../admin', 'x/../../y', '..\\admin', 'a\nb', '\ud800']) {
      expect(refused(config, { a }).errors?.[0]?.path, JSON.stringify(a)).to.equal('a')
    }
    for (const a of [
      { a: '.', b: '.' },
      { a: '%2', b: 'e' },
    ]) {
      const request = rendered(parse({ url: `${url}/{{a}}{{b}}/x` }), a)
      expect(new URL(request?.url ?? `${url}/a/x`).pathname.split('/')).to.have.length(4)
    }
    expect(refused(parse({ url: `${url}/%2{{a}}/x` }), { a: 'e' }).errors?.[0]?.path).to.equal('a')
    expect(render(config, { a: 'group/project' }).url).to.equal(`${url}/group%2Fproject/x`)
  })

  it('stays in its segment or value: neither origin nor path nor the number of parameters changes', () => {
    const config = parse({ url: `https://api.example.org:8443/v1/{{a}}/of/x{{b}}y?q={{a}}&fix=1&r=-{{b}}` })
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const request = rendered(config, { a, b })
        if (request === undefined) return
        const { origin, pathname, searchParams, hash, username, password } = new URL(request.url)
        expect([origin, hash, username, password]).to.deep.equal(['https://api.example.org:8443', '', '', ''])
        const segments = pathname.split('/')
        expect(segments).to.have.length(5)
        expect([segments[1], segments[3]]).to.deep.equal(['v1', 'of'])
        const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''))
        expect(decodeURIComponent(segments[2] ?? '')).to.equal(text(a))
        expect(segments[2]).not.to.match(/^(\.|%2e)*$/i)
        expect(decodeURIComponent(segments[2] ?? '').split(/[/\\]/)).not.to.include('..')
        expect([...searchParams.keys()]).to.deep.equal(['q', 'fix', 'r'])
        expect(searchParams.get('q')).to.equal(text(a))
      }),
      { numRuns: 1_000 },
    )
  })

  it('stays in its header', () => {
    const config = parse({ url, headers: { 'x-one': 'a{{a}}', 'x-two': '{{b}}', authorization: 'secret://x/y' } })
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const request = rendered(config, { a, b })
        if (request === undefined) return
        for (const [name, value] of Object.entries(request.headers)) {
          expect(name).to.be.oneOf(['x-one', 'x-two'])
          expect(value).to.match(/^[\t\x20-\x7e]*$/)
        }
        expect(request.secretHeaders).to.deep.equal({ authorization: 'secret://x/y' })
        expect(request.url).to.equal(url)
      }),
      { numRuns: 1_000 },
    )
  })

  it('stays in its JSON string, as text and as a value', () => {
    const asText = parse({
      method: 'POST',
      url,
      body: '{"a": "<{{a}}>", "b": {{b}}, "c": "\\"{{a}}{{b}}", "fix": "1"}',
    })
    const asValue = parse({ method: 'POST', url, body: { a: '<{{a}}>', b: ['{{b}}'], fix: '1' } })
    fc.assert(
      fc.property(hostile, anything, (a, b) => {
        const text = rendered(asText, { a, b })
        const value = rendered(asValue, { a, b })
        const plain = JSON.parse(JSON.stringify(b ?? null))
        if (text !== undefined) {
          const parsed = JSON.parse(text.body ?? '')
          expect(Object.keys(parsed)).to.deep.equal(['a', 'b', 'c', 'fix'])
          expect([parsed.a, parsed.b, parsed.fix]).to.deep.equal([`<${a}>`, plain, '1'])
        }
        if (value !== undefined)
          expect(JSON.parse(value.body ?? '')).to.deep.equal({ a: `<${a}>`, b: [plain], fix: '1' })
      }),
      { numRuns: 1_000 },
    )
  })

  it('stays in its value of a form', () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const config = parse({ method: 'POST', url, headers, body: 'x=a{{a}}&y=b{{b}}&z=1' })
    fc.assert(
      fc.property(hostile, anything, (a, b) => {
        const request = rendered(config, { a, b })
        if (request === undefined) return
        const form = new URLSearchParams(request.body)
        expect([...form.keys()]).to.deep.equal(['x', 'y', 'z'])
        expect(form.get('x')).to.equal(`a${a}`)
      }),
      { numRuns: 500 },
    )
  })

  it('is never read as a template', () => {
    const config = parse({ method: 'POST', url: `${url}/{{a}}`, body: '{"a": "{{a}}"}' })
    const request = render(config, { a: '{{b}}', b: 'inner' })
    expect(request.body).to.equal('{"a": "{{b}}"}')
    expect(decodeURIComponent(request.url)).to.equal(`${url}/{{b}}`)
  })
})
