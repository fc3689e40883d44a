// Mail without a server: one file a message, in the form that mail programs open. It is there whole or not at all, and what
// is there already isn't written again.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { createFile } from '../whole-file.ts'
import { compose, locked } from './compose.ts'
import type { Deliver } from './mail-message.ts'

export function openOutbox({ directory }: { readonly directory: string }): Deliver {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows', ...locked })
  return async (envelope) => {
    const { message } = await transport.sendMail(compose(envelope))
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await createFile(join(directory, `${envelope.name}.eml`), message as Buffer)
    return [...envelope.to, ...(envelope.cc ?? [])]
  }
}
