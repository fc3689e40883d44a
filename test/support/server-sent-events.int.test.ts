// The tests' own client against a plain HTTP server: what it sends, and what it makes of what it gets.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { openEvents, type ServerSentEvent } from './server-sent-events.ts'

describe('openEvents', () => {
  let server: Server
  let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
  let url: string

  before(async () => {
    server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const head = { 'content-type': 'text/event-stream; charset=utf-8' }
  const collect = async (events: AsyncIterable<ServerSentEvent>): Promise<ServerSentEvent[]> => {
    const all: ServerSentEvent[] = []
    for await (const event of events) all.push(event)
    return all
  }

  it('parses events and comments, wherever the chunks are cut', async () => {
    answer = async (_request, response) => {
      response.writeHead(200, head)
      const bytes = Buffer.from(':hello\n\nid: 1-1\nevent: text.delta\ndata: {"text":"ä🦉"}\n\ndata: a\ndata: b\n\n')
      for (const byte of bytes) {
        response.write(Buffer.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
      response.end()
    }
    const { status, headers, events, comments } = await openEvents(url)
    expect(status).to.equal(200)
    expect(headers.get('content-type')).to.equal(head['content-type'])
    expect(await collect(events)).to.deep.equal([
      { id: '1-1', event: 'text.delta', data: '{"text":"ä🦉"}' },
      { id: undefined, event: 'message', data: 'a\nb' },
    ])
    expect(comments).to.deep.equal(['hello'])
  })

  it('sends method, headers, Last-Event-ID and a JSON body', async () => {
    const seen: unknown[] = []
    answer = async (request, response) => {
      const { accept, authorization, 'last-event-id': last, 'content-type': type } = request.headers
      seen.push(request.method, accept, authorization, last, type, await text(request))
      response.writeHead(200, head).end()
    }
    const { events } = await openEvents(url, {
      headers: { authorization: 'Bearer x' },
      lastEventId: '1001-7',
      body: { content: 'hi' },
    })
    await collect(events)
    expect(seen).to.deep.equal([
      'POST',
      'text/event-stream',
      'Bearer x',
      '1001-7',
      'application/json',
      '{"content":"hi"}',
    ])
  })

  it('closes the connection, and ends quietly', async () => {
    const gone = new Promise((resolve) => {
      answer = (_request, response) => {
        response.on('close', () => resolve(undefined))
        response.writeHead(200, head).write('data: 1\n\n')
      }
    })
    const { events, close } = await openEvents(url)
    const seen: string[] = []
    for await (const { data } of events) {
      seen.push(data)
      close()
    }
    expect(seen).to.deep.equal(['1'])
    await gone
  })

  it('throws when the connection breaks', async () => {
    answer = (_request, response) => {
      response.writeHead(200, head).write('data: 1\n\n', () => response.destroy())
    }
    const { events } = await openEvents(url)
    const error = await collect(events).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(Error)
  })

  it('shows the head and the body of an answer that isn’t an event stream', async () => {
    answer = (_request, response) => {
      response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"code":"resource.not_found"}')
    }
    const opened = await openEvents(url)
    expect(opened.status).to.equal(404)
    expect(await opened.text()).to.equal('{"code":"resource.not_found"}')
    const error = await collect(opened.events).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(Error)
  })
})
