// The limits that bound what one document may cost. Sizes in bytes unless a name says otherwise.

export const documentLimits = {
  pages: 2_000,
  zipEntries: 5_000,
  zipTotalBytes: 256 * 1024 * 1024,
  zipEntryBytes: 128 * 1024 * 1024,
  zipRatio: 200,
  htmlBytes: 5 * 1024 * 1024,
  htmlDepth: 500,
  outputBytes: 20 * 1024 * 1024,
  /** How long a parser's process may take before it is killed, and how long it may stay silent. */
  parseMs: 10 * 60_000,
  parseStallMs: 60_000,
  parserRssBytes: 1_200 * 1024 * 1024,
} as const
