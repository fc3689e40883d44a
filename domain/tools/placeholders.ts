// `{{name}}` in a tool's stored configuration stands for an argument. A text is cut into its pieces once, so that what an
// argument holds is never read as a template again.
import { AppError } from '../errors.ts'

export type Arguments = Readonly<Record<string, unknown>>

/** A piece of a template: text as it stands, or the name of an argument. */
export type Piece = { readonly text: string } | { readonly name: string }

/** Stands for all arguments, as JSON. */
const everything = 'arguments'
/** A name has none of the marks that part a URL or end a JSON string. */
const placeholder = /\{\{ *([^{}\s/\\?#&="]{1,100}) *\}\}/

export function piecesOf(template: string): Piece[] {
  // With a group, `split` gives text and names in turn.
  return template
    .split(new RegExp(placeholder, 'g'))
    .map((part, index) => (index % 2 === 0 ? { text: part } : { name: part }))
    .filter((piece) => !('text' in piece) || piece.text !== '')
}

export const namesIn = (template: string): string[] =>
  piecesOf(template).flatMap((piece) => ('name' in piece && piece.name !== everything ? [piece.name] : []))

/** Braces that are left when the placeholders are gone: one that was written wrongly. */
export const hasStrayBraces = (template: string): boolean =>
  piecesOf(template).some((piece) => 'text' in piece && /\{\{|\}\}/.test(piece.text))

/** The name, where the template is one placeholder and nothing else. */
export const onlyNameIn = (template: string): string | undefined =>
  new RegExp(`^${placeholder.source}$`).exec(template)?.[1]

export function refuseArgument(name: string, message: string): never {
  throw new AppError('tool.arguments_invalid', { errors: [{ path: name === everything ? '' : name, message }] })
}

/** Undefined when the argument isn't given. */
export const valueOf = (name: string, args: Arguments): unknown => {
  if (name === everything) return args
  return Object.hasOwn(args, name) ? args[name] : undefined
}

/** A text as it is, anything else as JSON, what isn't given as nothing. Throws `tool.arguments_invalid`. */
export function textOf(name: string, args: Arguments): string {
  const value = valueOf(name, args) ?? ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // No encoding has a form for it.
  return /\p{Surrogate}/u.test(text) ? refuseArgument(name, 'may not hold half of a surrogate pair') : text
}

/** The template with each argument as `encode` writes it. */
export const fill = (template: string, encode: (name: string) => string): string =>
  piecesOf(template)
    .map((piece) => ('name' in piece ? encode(piece.name) : piece.text))
    .join('')
