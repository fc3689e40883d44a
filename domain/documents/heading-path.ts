// The headings above a chunk as they are embedded with it, within a share of the chunk's budget.
import { type Budget, fitsBudget, startOfText } from './split-text.ts'

const separator = ' > '

export const headingLine = (path: readonly string[]): string => path.join(separator)

/** The innermost headings that fit the budget; a single heading that doesn't fit by itself is cut at its end. */
export function fitHeadingPath(path: readonly string[], budget: Budget): readonly string[] {
  for (let first = 0; first < path.length; first++) {
    const kept = path.slice(first)
    if (fitsBudget(headingLine(kept), budget)) return kept
  }
  const start = startOfText(path.at(-1) ?? '', budget)
  return start === '' ? [] : [start]
}

/** Whether `shown`, the fitted form of `path`, shows the heading `text` that stands below `above`. */
export function showsHeading(
  { path, shown }: { readonly path: readonly string[]; readonly shown: readonly string[] },
  { text, headingPath: above }: { readonly text: string; readonly headingPath: readonly string[] },
): boolean {
  const place = above.length
  return (
    path[place] === text &&
    above.every((heading, index) => path[index] === heading) &&
    shown[place - (path.length - shown.length)] === text
  )
}
