// The handbook in the formats beside PDF, from the same data: Word, HTML, Markdown and plain text.
import {
  BorderStyle,
  Document,
  HeadingLevel,
  Packer,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
  WidthType,
} from 'docx'
import { type HandbookBlock, handbookChapters, handbookTitle } from './handbook.ts'

function wordBlock(block: HandbookBlock): readonly (Paragraph | Table)[] {
  if (block.kind === 'heading') return [new Paragraph({ text: block.text, heading: HeadingLevel.HEADING_2 })]
  if (block.kind === 'paragraph') return [new Paragraph({ children: [new TextRun(block.text)] })]
  if (block.kind === 'list') return block.items.map((text) => new Paragraph({ text, bullet: { level: 0 } }))
  return [
    new Table({
      width: { size: 100, type: WidthType.PERCENTAGE },
      borders: { top: { style: BorderStyle.SINGLE, size: 4 } },
      rows: block.rows.map(
        (row) => new TableRow({ children: row.map((text) => new TableCell({ children: [new Paragraph(text)] })) }),
      ),
    }),
  ]
}

export const makeHandbookDocx = (): Promise<Buffer> =>
  Packer.toBuffer(
    new Document({
      title: handbookTitle,
      sections: [
        {
          children: handbookChapters.flatMap((chapter) => [
            new Paragraph({ text: chapter.heading, heading: HeadingLevel.HEADING_1 }),
            ...chapter.blocks.flatMap(wordBlock),
          ]),
        },
      ],
    }),
  )

function htmlBlock(block: HandbookBlock): string {
  if (block.kind === 'heading') return `<h2>${block.text}</h2>`
  if (block.kind === 'paragraph') return `<p>${block.text}</p>`
  if (block.kind === 'list') return `<ul>${block.items.map((item) => `<li>${item}</li>`).join('')}</ul>`
  const rows = block.rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  return `<table>${rows.join('\n')}</table>`
}

export const makeHandbookHtml = (): Buffer =>
  Buffer.from(
    `<!doctype html><html><head><title>${handbookTitle}</title><style>p { color: navy }</style></head><body>` +
      '<nav><a href="/">Home</a></nav><script>track("visit")</script>' +
      handbookChapters
        .map((chapter) => `<section><h1>${chapter.heading}</h1>${chapter.blocks.map(htmlBlock).join('\n')}</section>`)
        .join('\n') +
      '</body></html>',
  )

function markdownBlock(block: HandbookBlock): string {
  if (block.kind === 'heading') return `## ${block.text}`
  if (block.kind === 'paragraph') return block.text
  if (block.kind === 'list') return block.items.map((item) => `* ${item}`).join('\n')
  const [header = [], ...rows] = block.rows.map((row) => `| ${row.join(' | ')} |`)
  return [header, `|${'---|'.repeat(block.rows[0]?.length ?? 0)}`, ...rows].join('\n')
}

export const makeHandbookMarkdown = (): Buffer =>
  Buffer.from(
    handbookChapters.flatMap((chapter) => [`# ${chapter.heading}`, ...chapter.blocks.map(markdownBlock)]).join('\n\n'),
  )
