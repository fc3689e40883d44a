// A request as bytes on a socket, for what no HTTP client would send: broken paths, half bodies, lengths that lie.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ])
  return { status: Number(statusLine.split(' ')[1]), headers: Object.fromEntries(headers), text: rest.join('\r\n\r\n') }
}

/** Sends `text` and reads until the server has sent a whole JSON object, or with `toTheEnd` until it closes. */
export async function sendRaw(
  port: number,
  text: string | Buffer,
  { toTheEnd = false }: { readonly toTheEnd?: boolean } = {},
): Promise<RawAnswer> {
  const socket = await openSocket(port)
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) {
    answer += (chunk as Buffer).toString('latin1')
    if (!toTheEnd && /\r\n\r\n[^]*\}$/.test(answer)) break
  }
  socket.destroy()
  return parseAnswer(answer)
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
