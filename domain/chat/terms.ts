// The words of a text in a form that compares: for finding the sentence that a claim rests on.
// Light on purpose: no dictionary, any language; scripts without spaces are taken in pairs of characters.

const words = /[\p{L}\p{M}\p{N}]+/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u

/** English words that say nothing about what a sentence is about. */
const stopWords = new Set(
  (
    'a about all also am an and any are as at be been but by can could did do does for from had has have he her his how ' +
    'i if in into is it its may me my no not of on or our please say says she should so some tell than that the their ' +
    'them then there these they this those to us was we were what when where which who whom whose why will with would you your'
  ).split(' '),
)

/** Cuts the endings of English inflection, so that "opened" meets "opens"; wrong cuts do no harm, both sides get them. */
function stem(word: string): string {
  if (!/^[a-z]+$/.test(word)) return word
  const plural = word.replace(/(?<=[a-z]{2}[^s])s$/, '').replace(/(?<=[a-z]{3})ie$/, 'y')
  const cut = plural.replace(/(?<=[a-z]{3})(?:ing|ed)$/, '')
  return cut.replace(/(?<=[a-z]{3})e$/, '').replace(/([^aeiouls])\1$/, '$1')
}

const pairs = (run: string): string[] => {
  const characters = Array.from(run)
  return characters.length < 2 ? characters : characters.slice(1).map((next, index) => `${characters[index]}${next}`)
}

/** Every word that isn't a stop word, compared without case and inflection, in order and with repeats. */
export function termsOf(text: string): string[] {
  const found = text.normalize('NFKC').toLowerCase().match(words) ?? []
  return found.flatMap((word) => {
    if (unspaced.test(word)) return pairs(word)
    return stopWords.has(word) ? [] : [stem(word)]
  })
}

/** How much a term tells, by in how many of these texts it stands: ln(1 + texts / (0.5 + those that have it)). */
export function termWeights(texts: readonly ReadonlySet<string>[]): (term: string) => number {
  const counts = new Map<string, number>()
  for (const terms of texts) for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return (term) => Math.log(1 + texts.length / (0.5 + (counts.get(term) ?? 0)))
}
