// Writes docs/examples/handbook.pdf: `npx tsx test/support/write-handbook.ts`.
// The file is kept in the repository, so that the first steps of the README need nothing else.
import { writeFile } from 'node:fs/promises'
import { makeHandbookPdf } from './handbook-pdf.ts'

await writeFile(new URL('../../docs/examples/handbook.pdf', import.meta.url), await makeHandbookPdf())
