// Boxes on a page, to a tenth of a point: finer would only make results longer.
import type { BoundingBox } from '../../domain/documents/element.ts'

const round = (points: number): number => Math.round(points * 10) / 10

/** From a corner and a size to two corners. */
export const boundingBox = (rect: {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}): BoundingBox => [round(rect.x), round(rect.y), round(rect.x + rect.width), round(rect.y + rect.height)]

/** The smallest box around at least one box. */
export const unionOf = (boxes: readonly BoundingBox[]): BoundingBox => [
  Math.min(...boxes.map((box) => box[0])),
  Math.min(...boxes.map((box) => box[1])),
  Math.max(...boxes.map((box) => box[2])),
  Math.max(...boxes.map((box) => box[3])),
]
