// A URL with arguments in its path and its query. Which host is called, and how many segments its path has, was decided by
// whoever stored the tool: an argument fills a segment or a value, and can't become anything else.
import {
  type Arguments,
  fill,
  hasStrayBraces,
  namesIn,
  onlyNameIn,
  piecesOf,
  refuseArgument,
  textOf,
  valueOf,
} from './placeholders.ts'

interface UrlParts {
  readonly origin: string
  /** Between slashes; never empty. */
  readonly segments: readonly string[]
  /** `name=value` each. */
  readonly parameters: readonly string[]
}

/** Undefined for what is no http(s) URL of which origin, path and query can be told apart. */
function partsOf(template: string): UrlParts | undefined {
  const [, origin, path = '', query] = /^(https?:\/\/[^/?#\\@{}\s]+)(\/[^?#\\]*)?(?:\?([^#]*))?$/i.exec(template) ?? []
  if (origin === undefined || !URL.canParse(origin)) return undefined
  const segments = path.split('/').slice(1)
  return { origin, segments: segments.length === 0 ? [''] : segments, parameters: query?.split('&') ?? [] }
}

const nameOf = (parameter: string): string => parameter.split('=', 1)[0] ?? ''
const isDots = (segment: string): boolean => /^(\.|%2e){1,2}$/i.test(segment)

/** What is wrong with a template; undefined when it can be used. */
export function faultOfUrlTemplate(template: string): string | undefined {
  const parts = partsOf(template)
  if (parts === undefined)
    return 'is an http or https URL without a user, a fragment, or a {{placeholder}} in scheme, host or port'
  if (hasStrayBraces(template)) return 'has braces that are no {{placeholder}}'
  // The URL parser drops tabs and line breaks, wherever they are.
  if (piecesOf(template).some((piece) => 'text' in piece && /[\s\p{Cc}]/u.test(piece.text))) return 'has no white space'
  if (parts.segments.some(isDots)) return 'has no . or .. in its path'
  if (parts.parameters.some((parameter) => namesIn(nameOf(parameter)).length > 0 || /\{\{/.test(nameOf(parameter))))
    return 'has a {{placeholder}} only in the path or in the value of a parameter'
  return undefined
}

const encodeText = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)

/** Servers that decode a path before they split it would climb by an encoded `../`, too. */
function encodeSegment(name: string, args: Arguments): string {
  const text = textOf(name, args)
  if (text === '') return refuseArgument(name, 'is part of a path, so that it may not be empty')
  if (text.split(/[/\\]/).some((part) => part === '.' || part === '..'))
    return refuseArgument(name, 'is part of a path, so that it may not hold . or .. as a segment')
  if (/\p{Cc}/u.test(text)) return refuseArgument(name, 'is part of a path, so that it may hold no control character')
  return encodeText(text)
}

function renderSegment(segment: string, args: Arguments): string {
  const rendered = fill(segment, (name) => encodeSegment(name, args))
  const [first = ''] = namesIn(segment)
  return isDots(rendered) ? refuseArgument(first, 'may not make . or .. of a segment of the path') : rendered
}

/** `name=value`; nothing when the value is one argument that isn't given. */
export function renderParameter(parameter: string, args: Arguments): string[] {
  const name = nameOf(parameter)
  const only = onlyNameIn(parameter.slice(name.length + 1))
  const isLeftOut = only !== undefined && (valueOf(only, args) ?? null) === null
  return isLeftOut ? [] : [fill(parameter, (argument) => encodeText(textOf(argument, args)))]
}

/** Of a template without fault. Throws `tool.arguments_invalid`. */
export function renderUrl(template: string, args: Arguments): string {
  const parts = partsOf(template)
  if (parts === undefined) throw new Error('The URL was never checked.')
  const path = parts.segments.map((segment) => renderSegment(segment, args)).join('/')
  const query = parts.parameters.flatMap((parameter) => renderParameter(parameter, args))
  return new URL(`${parts.origin}/${path}${query.length === 0 ? '' : `?${query.join('&')}`}`).href
}
