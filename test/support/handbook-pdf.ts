// The handbook as a PDF with a text layer: a chapter a page, a page number at the foot, ruled tables.
// Dates are fixed, so that the same content gives the same bytes.
// oxlint-disable-next-line import/no-named-as-default -- its types know the default export only
import PDFDocument from 'pdfkit'
import { type HandbookBlock, handbookChapters, handbookTitle } from './handbook.ts'

type Pdf = InstanceType<typeof PDFDocument>

const made = new Date('2025-01-06T08:00:00Z')

/** Collects what a pdfkit document writes until it has ended. */
function collectPdf(pdf: Pdf): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    pdf.on('data', (part: Buffer) => parts.push(part))
    pdf.on('end', () => resolve(Buffer.concat(parts)))
    pdf.on('error', reject)
  })
}

function drawBlock(pdf: Pdf, block: HandbookBlock): void {
  if (block.kind === 'heading') {
    pdf.moveDown(0.6).font('Helvetica-Bold').fontSize(14).text(block.text).moveDown(0.3)
    return
  }
  pdf.font('Helvetica').fontSize(11)
  if (block.kind === 'paragraph') pdf.text(block.text, { lineGap: 2 })
  else if (block.kind === 'list') for (const item of block.items) pdf.text(`\u2022 ${item}`, { lineGap: 2 })
  else pdf.table({ data: block.rows.map((row) => [...row]), defaultStyle: { padding: 5 } })
  pdf.moveDown(block.kind === 'table' ? 0.8 : 0.6)
}

/** Eight pages, or as many times that as `copies` says; encrypted with `userPassword` when that is given. */
export async function makeHandbookPdf({
  copies = 1,
  ...options
}: {
  readonly userPassword?: string
  readonly copies?: number
} = {}): Promise<Buffer> {
  const pdf = new PDFDocument({
    size: 'A4',
    margin: 64,
    autoFirstPage: false,
    info: { Title: handbookTitle, Author: 'Tidewater Cartographic Trust', CreationDate: made, ModDate: made },
    ...options,
  })
  const bytes = collectPdf(pdf)
  for (const [index, chapter] of Array.from({ length: copies }, () => handbookChapters)
    .flat()
    .entries()) {
    pdf.addPage()
    pdf.font('Helvetica-Bold').fontSize(20).text(chapter.heading).moveDown(0.6)
    for (const block of chapter.blocks) drawBlock(pdf, block)
    pdf.page.margins.bottom = 0
    pdf
      .font('Helvetica')
      .fontSize(9)
      .text(`${index + 1}`, 64, pdf.page.height - 48, { align: 'center', lineBreak: false })
  }
  pdf.end()
  return bytes
}
