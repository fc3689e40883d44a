// What every parser makes of a document: one stream of elements in reading order, whatever the format.

/** Left, top, right, bottom in points (1/72 inch) from the page's top left corner. */
export type BoundingBox = readonly [left: number, top: number, right: number, bottom: number]

export type ElementKind = 'heading' | 'paragraph' | 'list' | 'table' | 'image' | 'code'

export interface DocumentElement {
  readonly kind: ElementKind
  /** Plain text; a table's is GitHub-flavoured Markdown made from `cells`. Never empty, except for an image. */
  readonly text: string
  /** Of headings: 1 is the outermost. */
  readonly level?: number
  /** Of tables: rows of cell texts; the first row is the header. */
  readonly cells?: readonly (readonly string[])[]
  /** From 1; absent in formats that have no pages. */
  readonly page?: number
  readonly bbox?: BoundingBox
  /** The headings above this element, outermost first; a heading's own text is not among them. */
  readonly headingPath: readonly string[]
}

/** A parsed document, as stored and as sent between the parser's process and its parent. */
export interface ParsedDocument {
  /** Which parser made it, with its version: part of the key of everything derived. */
  readonly parser: string
  readonly pageCount?: number
  readonly title?: string
  readonly elements: readonly DocumentElement[]
}
