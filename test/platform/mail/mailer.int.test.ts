// Mail by a real SMTP server, and into files: what arrives, what is refused before, and what a repeat does.
import { once } from 'node:events'
import { readFile, readdir, stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { MailMessage } from '../../../platform/mail/mail-message.ts'
import { type Mailer, createMailer } from '../../../platform/mail/mailer.ts'
import { SecretValue } from '../../../platform/secret-value.ts'
import { createSendEmail } from '../../../platform/tools/send-email.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { tlsCertificate } from '../../support/tls-certificate.ts'
import { testCall } from '../../support/tool-call.ts'

const from = 'assistant@cdsa.example.org'
const message: MailMessage = {
  to: ['a@example.org'],
  cc: ['b@example.org'],
  subject: 'Grüße',
  text: 'Hello,\n.\nfrom Bonn: ü',
}
const key = { idempotencyKey: 'one' }

interface Received {
  readonly to: readonly string[]
  readonly text: string
}

/** Takes what it gets, but for what `refuse` names. */
async function startSmtp(options: SMTPServerOptions = {}) {
  const received: Received[] = []
  const server = new SMTPServer({
    ...tlsCertificate,
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith('nobody@') ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        received.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        })
        callback()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  return { port, received, stop: () => new Promise<void>((resolve) => server.close(resolve)) }
}

const by = (url: string): Mailer => createMailer({ mail: { from, smtpUrl: new SecretValue(url) }, dataDir: 'unused' })

describe('mail by an SMTP server', () => {
  it('arrives at every recipient, whole, under an id that a repeat bears, too', async () => {
    const smtp = await startSmtp()
    const mailer = by(`smtp://127.0.0.1:${smtp.port}`)
    const sent = await mailer.send(message, key)
    expect(sent.accepted).to.deep.equal(['a@example.org', 'b@example.org'])
    expect(sent.messageId).to.match(/^<[0-9a-f]{40}@cdsa\.example\.org>$/)
    expect((await mailer.send(message, key)).messageId).to.equal(sent.messageId)
    expect((await mailer.send(message, { idempotencyKey: 'two' })).messageId).not.to.equal(sent.messageId)
    await smtp.stop()
    const [first] = smtp.received
    expect(smtp.received).to.have.length(3)
    expect(first?.to).to.deep.equal(['a@example.org', 'b@example.org'])
    expect(first?.text).to.include(`From: ${from}`).and.include('To: a@example.org').and.include('Cc: b@example.org')
    expect(first?.text).to.include(`Message-ID: ${sent.messageId}`).and.include('Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=')
    expect(first?.text).to.match(/Hello,\r\n\.\r\nfrom Bonn: =C3=BC/)
  })

  it('tells a refusal from a server that is away, in words that quote nothing', async () => {
    const smtp = await startSmtp()
    const mailer = by(`smtp://127.0.0.1:${smtp.port}`)
    const refused = await appErrorOf(mailer.send({ ...message, to: ['nobody@example.org'], cc: [] }, key))
    expect(refused).to.include({ code: 'mail.rejected', retryable: false, detail: 'The mail server answered 550.' })
    const partly = await mailer.send({ ...message, to: ['a@example.org', 'nobody@example.org'], cc: [] }, key)
    expect(partly.accepted).to.deep.equal(['a@example.org'])
    await smtp.stop()
    const away = await appErrorOf(by(`smtp://me:canary@127.0.0.1:${smtp.port}?ignoreTLS=true`).send(message, key))
    expect(away).to.include({ code: 'mail.unavailable', retryable: true })
    expect(away.detail).not.to.include('canary')
  })

  it('sends a password over TLS alone, unless it was told otherwise', async () => {
    const logins: string[] = []
    const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, callback) => {
      logins.push(`${username} ${password}`)
      callback(null, { user: username })
    }
    const open = { onAuth, allowInsecureAuth: true, authOptional: false }
    const plain = await startSmtp(open)
    const place = `me%40x:p%2Fw@127.0.0.1:${plain.port}`
    expect((await appErrorOf(by(`smtp://${place}`).send(message, key))).code).to.equal('mail.unavailable')
    expect(logins).to.deep.equal([])
    await by(`smtp://${place}?ignoreTLS=true`).send(message, key)
    expect(logins).to.deep.equal(['me@x p/w'])
    await plain.stop()
    // The certificate is its own authority, which nobody trusts here.
    const secure = await startSmtp({ ...open, secure: true })
    expect((await appErrorOf(by(`smtps://me:pw@127.0.0.1:${secure.port}`).send(message, key))).code).to.equal(
      'mail.unavailable',
    )
    expect(logins).to.have.length(1)
    await secure.stop()
  })
})

describe('mail without a server', () => {
  const directory = temporaryDirectory()
  const outbox = (): string => join(directory(), 'outbox')
  const mailer = (): Mailer => createMailer({ mail: { from, smtpUrl: undefined }, dataDir: directory() })

  it('is one private file a message, which a repeat leaves as it is', async () => {
    const sent = await mailer().send(message, key)
    const [name = '', ...others] = await readdir(outbox())
    expect(others).to.deep.equal([])
    expect(name).to.equal(`${sent.messageId.slice(1, 41)}.eml`)
    expect((await stat(join(outbox(), name))).mode & 0o777).to.equal(0o600)
    expect((await stat(outbox())).mode & 0o777).to.equal(0o700)
    const text = await readFile(join(outbox(), name), 'utf8')
    expect(text).to.include(`Message-ID: ${sent.messageId}`).and.include('To: a@example.org')
    expect(await mailer().send({ ...message, text: 'changed' }, key)).to.deep.equal(sent)
    expect(await readdir(outbox())).to.deep.equal([name])
    expect(await readFile(join(outbox(), name), 'utf8')).to.equal(text)
    await Promise.all(Array.from({ length: 5 }, () => mailer().send(message, { idempotencyKey: 'two' })))
    expect(await readdir(outbox())).to.have.length(2)
  })

  it('is refused where an address or the subject would begin a header', async () => {
    const bad: Partial<MailMessage>[] = [
      { to: [] },
      { to: ['a@example.org\r\nBcc: evil@example.org'] },
      { to: ['a@example.org, b@example.org'] },
      { to: ['A <a@example.org>'] },
      { cc: ['no address'] },
      { to: Array.from({ length: 21 }, (_, n) => `a${n}@example.org`) },
      { subject: 'x\r\nBcc: evil@example.org' },
      { subject: 'x\u0085y' },
      { subject: 'x'.repeat(201) },
      { text: 'x'.repeat(100_001) },
    ]
    for (const part of bad) {
      expect((await appErrorOf(mailer().send({ ...message, ...part }, key))).code, JSON.stringify(part)).to.equal(
        'mail.rejected',
      )
    }
    expect(await readdir(directory())).to.deep.equal([])
  })

  it('reads no file and calls no address for a text that looks like one', async () => {
    const text = '{"path": "/etc/hostname"}'
    await mailer().send({ ...message, text, subject: 'file:///etc/hostname' }, key)
    const [name = ''] = await readdir(outbox())
    expect(await readFile(join(outbox(), name), 'utf8')).to.include(text)
  })
})

describe('the tool send_email', () => {
  const directory = temporaryDirectory()
  const tool = () =>
    createSendEmail({ mailer: createMailer({ mail: { from, smtpUrl: undefined }, dataDir: directory() }) })
  const args = { to: ['a@example.org'], subject: 'Report', text: 'Done.' }

  it('sends once for each execution, after approval', async () => {
    expect(tool().definition).to.include({ name: 'send_email', requiresApproval: true, sideEffects: true })
    const first = await tool().run(args, testCall())
    expect(first).to.deep.include({ accepted: ['a@example.org'] })
    expect(await tool().run(args, testCall())).to.deep.equal(first)
    await tool().run(args, testCall({ executionId: 'another' }))
    expect(await readdir(join(directory(), 'outbox'))).to.have.length(2)
  })

  it('names the argument that can’t be sent', async () => {
    for (const [path, bad] of [
      ['to.0', { to: ['a@example.org\nBcc: x@example.org'] }],
      ['to', { to: [] }],
      ['to', { to: Array.from({ length: 11 }, () => 'a@example.org') }],
      ['cc.1', { cc: ['b@example.org', 'b'] }],
      ['subject', { subject: 'a\r\nb: c' }],
      ['text', { text: 'a\u0000b' }],
      ['', { bcc: ['c@example.org'] }],
    ] as const) {
      const error = await appErrorOf(tool().run({ ...args, ...bad }, testCall()))
      expect(error.code, path).to.equal('tool.arguments_invalid')
      expect(error.errors?.[0]?.path).to.equal(path)
    }
  })
})
