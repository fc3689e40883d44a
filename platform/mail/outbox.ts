// Mail without a server: one file a message, in the form that mail programs open. It is there whole or not at all, and what
// is there already isn't written again.
import { randomUUID } from 'node:crypto'
import { link, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { compose, locked } from './compose.ts'
import type { Deliver } from './mail-message.ts'

async function writeOnce(directory: string, file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const temporary = join(directory, `.${randomUUID()}`)
  try {
    await writeFile(temporary, bytes, { flag: 'wx', mode: 0o600, flush: true })
    // Unlike a renaming, a link fails where the name is taken.
    await link(temporary, join(directory, file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

export function openOutbox({ directory }: { readonly directory: string }): Deliver {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows', ...locked })
  return async (envelope) => {
    const { message } = await transport.sendMail(compose(envelope))
    await writeOnce(directory, `${envelope.name}.eml`, message as Buffer)
    return [...envelope.to, ...(envelope.cc ?? [])]
  }
}
