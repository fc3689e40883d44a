import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { expect } from 'chai'
import { z } from 'zod'
import { defineRoute } from '../../../api/http/route.ts'
import { eventually } from '../../support/eventually.ts'
import { expectProblem } from '../../support/expect-problem.ts'
import { type KernelServer, startKernelServer } from '../../support/kernel-server.ts'
import { openSocket, sendRaw } from '../../support/raw-request.ts'

const limitBytes = 1_048_576
const boundary = 'b0undary'

const upload = defineRoute({
  method: 'post',
  path: '/files',
  tag: 'files',
  summary: 'A file',
  access: 'public',
  multipart: true,
  body: z.strictObject({ title: z.string().max(50).optional(), collectionId: z.uuid().optional() }),
  responses: { 200: z.object({ file: z.unknown(), fields: z.unknown() }) },
  handle: async (_context, { body, file }) => ({ status: 200, body: { file, fields: body } }),
})

interface Part {
  readonly head: string
  readonly content: string | Buffer
}

const filePart = (content: string | Buffer, filename = 'a.txt', name = 'file'): Part => ({
  head: `form-data; name="${name}"; filename="${filename}"\r\nContent-Type: text/plain`,
  content,
})
const field = (name: string, content: string): Part => ({ head: `form-data; name="${name}"`, content })

function encode(parts: readonly Part[], end = `--${boundary}--\r\n`): Buffer<ArrayBuffer> {
  const encoded = parts.flatMap(({ head, content }) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: ${head}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...encoded, Buffer.from(end)])
}

describe('multipart uploads', () => {
  let server: KernelServer
  let stored: ReadonlySet<string>

  const send = async (
    body: Uint8Array<ArrayBuffer>,
    contentType: string | undefined = `multipart/form-data; boundary=${boundary}`,
  ) => {
    const headers = contentType === '' ? {} : { 'content-type': contentType }
    const response = await fetch(`${server.url}/api/v1/files`, { method: 'POST', headers, body })
    return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() }
  }

  before(async () => {
    server = await startKernelServer({ routes: [upload], environment: { CDSA_UPLOAD_LIMIT_MB: '1' } })
  })
  after(() => server.stop())
  beforeEach(async () => {
    stored = new Set(await server.storedFiles())
  })

  /** A refused upload's temporary file goes after the answer has: the server doesn't wait for that. */
  const expectNothingStored = () =>
    eventually('nothing is stored', async () => (await server.storedFiles()).every((name) => stored.has(name)))

  it('end in the blob store, with their fields wherever they stand', async () => {
    const content = 'x'.repeat(300_000)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const collectionId = '0198c0de-0000-7000-8000-000000000001'
    const answer = await send(encode([field('title', 'Tïtle'), filePart(content), field('collectionId', collectionId)]))
    expect(answer.status, answer.text).to.equal(200)
    expect(JSON.parse(answer.text)).to.deep.equal({
      file: { filename: 'a.txt', declaredMediaType: 'text/plain', sha256, sizeBytes: 300_000 },
      fields: { title: 'Tïtle', collectionId },
    })
    expect(await server.storedFiles()).to.include(sha256)
    const form = new FormData()
    form.append('file', new Blob(['from a browser']), 'b.txt')
    const plain = await fetch(`${server.url}/api/v1/files`, { method: 'POST', body: form })
    expect(plain.status).to.equal(200)
  })

  it('may have exactly the size of the limit', async () => {
    expect((await send(encode([filePart(Buffer.alloc(limitBytes, 'y'))]))).status).to.equal(200)
  })

  const names: [string, string, string][] = [
    ['a path', 'filename="../../etc/passwd"', 'passwd'],
    ['a Windows path', 'filename="C:\\dir\\b.txt"', 'b.txt'],
    ['UTF-8', 'filename="Übersicht 報告.pdf"', 'Übersicht 報告.pdf'],
    ['RFC 5987', "filename*=UTF-8''%C3%9Cber%20%F0%9F%91%8D.pdf", 'Über 👍.pdf'],
    ['quotes', 'filename="a\\"b.txt"', 'a"b.txt'],
    ['no text', 'filename=""', 'file'],
  ]
  for (const [what, disposition, filename] of names) {
    it(`take a filename of ${what}`, async () => {
      const answer = await send(encode([{ head: `form-data; name="file"; ${disposition}`, content: what }]))
      expect(answer.status, answer.text).to.equal(200)
      expect(JSON.parse(answer.text).file.filename).to.equal(filename)
    })
  }

  const many = Array.from({ length: 21 }, (_, index) => field(`f${index}`, 'x'))
  const refused: [string, Buffer<ArrayBuffer>, number, string?][] = [
    ['no part', encode([]), 422],
    ['no file', encode([field('title', 'a')]), 422],
    ['a field in the file’s place', encode([field('file', 'text')]), 422],
    ['another name', encode([filePart('a', 'a.txt', 'document')]), 422],
    ['a file without a name', encode([{ head: 'form-data; filename="a"', content: 'a' }]), 422],
    ['two files', encode([filePart('first one'), filePart('second')]), 422],
    ['an unknown field', encode([filePart('unknown field'), field('owner', 'me')]), 422],
    ['a field that breaks its schema', encode([filePart('bad field'), field('collectionId', '1')]), 422],
    ['a field twice', encode([field('title', 'a'), field('title', 'b'), filePart('twice')]), 422],
    ['NUL in a field', encode([filePart('nul'), field('title', 'a\0b')]), 422],
    ['too many fields', encode([filePart('many'), ...many]), 422],
    ['no bytes', encode([filePart('')]), 422, 'document.empty'],
    ['__proto__', encode([filePart('proto'), field('__proto__', 'x')]), 400],
    ['no end', encode([filePart('cut off')], ''), 400],
    ['an end in the middle', encode([filePart('cut off')], `--${boundary}\r\nContent-Disp`), 400],
    ['no boundary in the body', Buffer.from('just text'), 400],
    ['too large a field', encode([filePart('field'), field('title', 'x'.repeat(70_000))]), 413],
    ['too large a file', encode([filePart(Buffer.alloc(limitBytes + 1))]), 413, 'document.too_large'],
    ['far too large a file', encode([filePart(Buffer.alloc(limitBytes * 8))]), 413, 'document.too_large'],
  ]
  for (const [what, body, status, code] of refused) {
    it(`with ${what} are ${status} and leave nothing`, async () => {
      const problem = expectProblem(await send(body), status)
      if (code !== undefined) expect(problem['code']).to.equal(code)
      if (status === 422 && code === undefined) expect(problem['errors']).to.have.length.above(0)
      await expectNothingStored()
    })
  }

  it('cut off anywhere are refused and leave nothing', async () => {
    const whole = encode([field('title', 'a title'), filePart('some content')], `--${boundary}--`)
    for (let length = 0; length < whole.length; length += 1) {
      const answer = await send(whole.subarray(0, length))
      expect(answer.status, `${length} bytes`).to.be.oneOf([400, 422])
    }
    await expectNothingStored()
  })

  const types: [string, number][] = [
    ['application/json', 415],
    ['multipart/mixed; boundary=x', 415],
    ['multipart/form-dataX; boundary=x', 415],
    ['', 415],
    ['multipart/form-data', 400],
  ]
  for (const [type, status] of types) {
    it(`of the type “${type}” are ${status}`, async () => {
      expectProblem(await send(encode([filePart('typed')]), type), status)
      await expectNothingStored()
    })
  }

  const head = (length: string) =>
    `POST /api/v1/files HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\n${length}\r\n\r\n`

  it('that are announced far too large are refused before they are sent', async () => {
    expectProblem(await sendRaw(server.port, head('Content-Length: 100000000')), 413)
  })

  it('over the limit are answered while they are still being sent, and the client sees it', async () => {
    const client = httpRequest(`${server.url}/api/v1/files`, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'transfer-encoding': 'chunked' },
    })
    client.write(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`)
    const answered = once(client, 'response')
    const chunk = Buffer.alloc(65_536)
    for (let sent = 0; sent < 32; sent += 1) client.write(chunk)
    const [response] = await answered
    expect(response.statusCode).to.equal(413)
    client.end()
    const text = await new Response(response).text()
    expect(text).to.contain('document.too_large')
    await expectNothingStored()
  })

  it('over the limit are read away, and their connection serves on', async () => {
    const part = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`
    const content = part + 'x'.repeat(limitBytes * 6)
    const chunked = `${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`
    const next = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    const sent = head('Transfer-Encoding: chunked') + chunked + next
    const answer = await sendRaw(server.port, sent, { toTheEnd: true })
    expect(answer.status).to.equal(413)
    expect(answer.text).to.contain('document.too_large').and.contain('"alive"')
  })

  it('that are broken harm nothing, also as the first one of a process', async () => {
    const fresh = await startKernelServer({ routes: [upload] })
    try {
      const broken = encode([filePart('content')], '').subarray(0, -4)
      const announced = Buffer.from(head(`Content-Length: ${broken.length}`))
      expectProblem(await sendRaw(fresh.port, Buffer.concat([announced, broken])), 400)
      expect(await fresh.storedFiles()).to.deep.equal([])
    } finally {
      await fresh.stop()
    }
  })

  it('of a client that goes away leave nothing', async () => {
    const socket = await openSocket(server.port)
    const part = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`
    socket.write(`${head('Content-Length: 900000')}${part}${'x'.repeat(200_000)}`)
    await eventually(
      'the upload has begun',
      async () => !(await server.storedFiles()).every((name) => stored.has(name)),
    )
    socket.destroy()
    await expectNothingStored()
  })
})
