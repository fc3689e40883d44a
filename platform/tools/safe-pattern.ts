// Patterns that somebody else wrote, run in time linear in the text: RE2's automata don't backtrack, so that no pattern has
// to be judged dangerous by its looks. What RE2 can't do (look-around, back references) is refused where a tool is saved.
import { RE2JS } from 're2js'

export interface SafePattern {
  test(text: string): boolean
}

const maxLength = 256
/** Repeats are unrolled into instructions, and each character of a text may visit them all. */
const maxInstructions = 1_000

/** Undefined for a pattern that is too long, too large, or not of RE2's syntax. */
export function compileSafePattern(pattern: string): SafePattern | undefined {
  if (pattern.length > maxLength) return undefined
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
    if (compiled.programSize() > maxInstructions) return undefined
    return { test: (text) => compiled.test(text) }
  } catch {
    return undefined
  }
}
