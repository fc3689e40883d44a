// The name of an uploaded file as we keep it: for people to read, never a path.

export const maxFilenameLength = 255
const directories = /^.*[/\\]/s
// Controls, and the marks that turn the direction of text and so disguise an ending.
const invisible = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const extension = /\.[^.]{1,16}$/u

/** The last part of a path without what can't be seen, in NFC, at most 255 UTF-16 units; `file` when nothing is left. */
export function toFilename(given: string): string {
  const name = given.replace(directories, '').replaceAll(invisible, '').normalize('NFC').trim()
  if (name === '' || name === '.' || name === '..') return 'file'
  if (name.length <= maxFilenameLength) return name
  const ending = extension.exec(name)?.[0] ?? ''
  return cut(name, maxFilenameLength - ending.length) + ending
}

/** Never halves a surrogate pair. */
const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
