// A table of words as a text, where quotes and commas around each would hide them.

export const wordsOf = (text: string): string[] => text.trim().split(/\s+/)
