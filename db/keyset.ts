// Keyset paging by a descending id: the predicate of “older than the cursor” in a form that an index serves also in a
// plan that is made without the parameters' values, which `$1 is null or id < $1` isn't.

/** SQL: `column` is older than the cursor in `parameter`, which may be null. No id that we make is all ones. */
export const olderThan = (column: string, parameter: string): string =>
  `${column} < coalesce(${parameter}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')`
