// The mails of an outbox, as whoever reads that directory finds them.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The whole messages to one address that lie in `<dataDir>/outbox`. */
export async function mailsTo(dataDir: string, email: string): Promise<string[]> {
  const directory = join(dataDir, 'outbox')
  const names = await readdir(directory).catch(() => [])
  const texts = await Promise.all(
    names.filter((name) => name.endsWith('.eml')).map((name) => readFile(join(directory, name), 'utf8')),
  )
  return texts.filter((text) => text.includes(`\r\nTo: ${email}\r\n`))
}

/** The token that a mail tells, in a link or in a call; empty where it tells none. */
export function tokenIn(mail: string): string {
  const text = mail.replaceAll(/=\r\n/g, '').replaceAll('=3D', '=')
  return /(?:#token=|"token": ")([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])/.exec(text)?.[1] ?? ''
}
