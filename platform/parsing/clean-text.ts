// Text as it may be stored and searched: valid Unicode without control characters, ligatures taken apart.
// Postgres refuses U+0000, and `ﬁ` would hide a word from the full-text search.

const ligatures: Readonly<Record<string, string>> = {
  ﬀ: 'ff',
  ﬁ: 'fi',
  ﬂ: 'fl',
  ﬃ: 'ffi',
  ﬄ: 'ffl',
  ﬅ: 'st',
  ﬆ: 'st',
}

const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g
// oxlint-disable-next-line no-control-regex -- control characters are what it removes
const unwanted = /[\u0000-\u0008\u000E-\u001F\u007F-\u009F\u00AD\u200B\u2060\uFEFF]/g

/** Line breaks become `\n`, other space characters stay; the ends are trimmed. */
export function cleanText(text: string): string {
  return text
    .replaceAll(/\r\n?|[\v\f\u2028\u2029]/g, '\n')
    .replaceAll(unwanted, '')
    .replaceAll(loneSurrogate, '\uFFFD')
    .replaceAll(/[ﬀ-ﬆ]/g, (ligature) => ligatures[ligature] ?? ligature)
    .normalize('NFC')
    .trim()
}

/** The same on one line: every run of space characters becomes one space. */
export const cleanLine = (text: string): string => cleanText(text).replaceAll(/\s+/g, ' ')
