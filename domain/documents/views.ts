// Elements and chunks as clients see them.
import { z } from 'zod'
import { id } from '../resource.ts'

const bbox = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .describe('Left, top, right, bottom in points from the top left')
const page = z.int().positive()

export const elementSchema = z
  .object({
    kind: z.enum(['heading', 'paragraph', 'list', 'table', 'image', 'code']),
    text: z.string(),
    level: z.int().optional(),
    cells: z.array(z.array(z.string())).optional(),
    page: page.optional(),
    bbox: bbox.optional(),
    headingPath: z.array(z.string()),
  })
  .meta({ id: 'DocumentElement' })

export const chunkSchema = z
  .object({
    id,
    ordinal: z.int().nonnegative(),
    text: z.string(),
    headingPath: z.array(z.string()),
    tokenCount: z.int().nonnegative(),
    spans: z.array(z.object({ start: z.int(), end: z.int(), page: page.optional(), bbox: bbox.optional() })),
  })
  .meta({ id: 'Chunk' })
