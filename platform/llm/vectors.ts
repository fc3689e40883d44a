// Vectors as the database takes them: single precision, of length 1, so that cosine and dot product agree.

/** Scales a vector to length 1, in place, and returns it. A zero vector or one that isn't finite is a RangeError. */
export function normalise(vector: Float32Array): Float32Array {
  let squares = 0
  for (const value of vector) squares += value * value
  const length = Math.sqrt(squares)
  if (!(length > 0 && length < Infinity)) throw new RangeError('a vector without a direction')
  for (let index = 0; index < vector.length; index++) vector[index] = (vector[index] ?? 0) / length
  return vector
}
