// Embeddings without weights or network: hashed words, word pairs and character n-grams (feature hashing, Weinberger
// et al. 2009). They find shared words and spellings, not meaning; deterministic, so vectors stay comparable for good.
import { AppError } from '../../../domain/errors.ts'
import type { EmbeddingModel } from '../embedding-model.ts'
import { normalise } from '../vectors.ts'

export const offlineEmbeddingModelName = 'offline/hash-384'
const dimensions = 384
const batchSize = 100

/** How much a kind of feature weighs: whole words tell most; n-grams tolerate inflection and typing errors. */
const weights = { word: 1, pair: 0.5, gram: 0.45, frequent: 0.15 }
const gramSizes = [3, 4, 5]
/**
 * The commonest English words would otherwise make all English texts alike. A list of its own: a change in it, or in
 * anything else here, makes new vectors that don't compare with those stored, and needs a new model name.
 */
const frequentWords = new Set(
  'a an and are as at be been but by can did do does for from had has have he her his how i if in into is it its no not of on or our she so than that the their them then there these they this those to was we were what when where which who why will with you your'.split(
    ' ',
  ),
)

const words = /[\p{L}\p{M}\p{N}]+/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u

/** FNV-1a over UTF-16 units, then a finaliser, so that low bits (the slot) and the high bit (the sign) are independent. */
function hash(text: string, from: number, to: number, seed: number): number {
  let value = 0x811c9dc5 ^ seed
  for (let index = from; index < to; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return value ^ (value >>> 13)
}

/** A feature's place in the vector, from 1; negative when it is subtracted. */
const placeOf = (feature: number): number =>
  (feature & 1) === 0 ? 1 + ((feature >>> 1) % dimensions) : -1 - ((feature >>> 1) % dimensions)

function add(vector: Float32Array, place: number, weight: number): void {
  const slot = Math.abs(place) - 1
  vector[slot] = (vector[slot] ?? 0) + (place > 0 ? weight : -weight)
}

const seeds = { word: 1, pair: 2, gram: 3 }

interface WordFeatures {
  readonly place: number
  readonly grams: Int16Array
  /** The weight of each n-gram; a long word's many count no more than a short one's few. */
  readonly share: number
}

function computeFeatures(word: string): WordFeatures {
  const place = placeOf(hash(word, 0, word.length, seeds.word))
  const marked = word.length > 2 ? `<${word}>` : ''
  const grams: number[] = []
  for (const size of gramSizes) {
    for (let from = 0; from + size <= marked.length; from++) {
      grams.push(placeOf(hash(marked, from, from + size, seeds.gram)))
    }
  }
  return { place, grams: Int16Array.from(grams), share: weights.gram / Math.sqrt(Math.max(1, grams.length)) }
}

/** Words recur, so their features are kept: it doubles the speed. Bounded; emptied when full. */
const cache = new Map<string, WordFeatures>()
const cacheSize = 20_000
const longestCachedWord = 40

function featuresOf(word: string): WordFeatures {
  const known = cache.get(word)
  if (known !== undefined) return known
  const features = computeFeatures(word)
  if (cache.size >= cacheSize) cache.clear()
  if (word.length <= longestCachedWord) cache.set(word, features)
  return features
}

/** Words in order, in lower case; scripts without spaces character by character, so that their pairs carry them. */
const wordsOf = (text: string): string[] =>
  (text.normalize('NFKC').toLowerCase().match(words) ?? []).flatMap((word) =>
    unspaced.test(word) ? Array.from(word) : word,
  )

function countEach(items: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

/** The vector of one text; a text without a word gets a fixed one, since a zero vector has no direction. */
export function embedOffline(text: string): Float32Array {
  const vector = new Float32Array(dimensions)
  const sequence = wordsOf(text)
  for (const [word, count] of countEach(sequence)) {
    const { place, grams, share } = featuresOf(word)
    const weight = (1 + Math.log(count)) * (frequentWords.has(word) ? weights.frequent : 1)
    add(vector, place, weight * weights.word)
    for (const gram of grams) add(vector, gram, weight * share)
  }
  const pairs = sequence.slice(1).map((word, index) => `${sequence[index]} ${word}`)
  for (const [pair, count] of countEach(pairs)) {
    add(vector, placeOf(hash(pair, 0, pair.length, seeds.pair)), (1 + Math.log(count)) * weights.pair)
  }
  if (sequence.length === 0) vector[0] = 1
  return normalise(vector)
}

export const createOfflineEmbeddingModel = (): EmbeddingModel => ({
  name: offlineEmbeddingModelName,
  dimensions,
  batchSize,
  embed: async (texts, { signal }) => {
    signal.throwIfAborted()
    if (texts.length > batchSize)
      throw new AppError('internal', { detail: `One call embeds at most ${batchSize} texts.` })
    return texts.map(embedOffline)
  },
})
