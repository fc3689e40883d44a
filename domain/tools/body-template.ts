// A body with arguments in it: a JSON value, JSON as text, or a form. An argument is put into a string or in place of a
// value, by JSON's own rules, so that it can't end the string that it stands in.
import { type Arguments, fill, namesIn, onlyNameIn, textOf, valueOf } from './placeholders.ts'
import { renderParameter } from './url-template.ts'

export type JsonTemplate =
  | string
  | number
  | boolean
  | null
  | readonly JsonTemplate[]
  | { readonly [name: string]: JsonTemplate }

const isForm = (contentType: string): boolean => /^application\/x-www-form-urlencoded\b/i.test(contentType)

/** A string, with its quotes and whatever is escaped in it; what is between strings. */
const jsonTokens = /"(?:[^"\\]|\\.)*"|[^"]+|"/gs

/** JSON as text: inside of quotes an argument is text, elsewhere it is a value. */
function fillJsonText(template: string, write: { text(name: string): string; value(name: string): string }): string {
  const tokens = template.match(jsonTokens) ?? []
  return tokens
    .map((token) => fill(token, (name) => (token.startsWith('"') ? write.text(name) : write.value(name))))
    .join('')
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export function namesInBody(template: JsonTemplate): string[] {
  if (typeof template === 'string') return namesIn(template)
  if (typeof template !== 'object' || template === null) return []
  return Object.values(template).flatMap(namesInBody)
}

const hasTemplateInKey = (template: JsonTemplate): boolean =>
  typeof template === 'object' &&
  template !== null &&
  Object.entries(template).some(([key, child]) => namesIn(key).length > 0 || hasTemplateInKey(child))

/** What is wrong with a template; undefined when it can be used. */
export function faultOfBodyTemplate(template: JsonTemplate, contentType: string): string | undefined {
  if (typeof template !== 'string') return hasTemplateInKey(template) ? 'has no {{placeholder}} in a name' : undefined
  const names = namesIn(template)
  if (isForm(contentType)) {
    const inName = template.split('&').some((parameter) => /\{\{/.test(parameter.split('=', 1)[0] ?? ''))
    return inName ? 'has a {{placeholder}} only in the value of a parameter' : undefined
  }
  const sample = fillJsonText(template, { text: () => 'x', value: () => 'null' })
  const isPlain = sample === template
  return isPlain || isJson(sample)
    ? undefined
    : `is JSON or a form where it has a {{placeholder}} (${names.join(', ')})`
}

const withinString = (text: string): string => JSON.stringify(text).slice(1, -1)

/** The argument's own value where it is all that the string holds; undefined then when it isn't given. */
function renderValue(template: JsonTemplate, args: Arguments): unknown {
  if (typeof template === 'string') {
    const only = onlyNameIn(template)
    return only === undefined ? fill(template, (name) => textOf(name, args)) : valueOf(only, args)
  }
  if (typeof template !== 'object' || template === null) return template
  if (Array.isArray(template)) return template.map((item: JsonTemplate) => renderValue(item, args))
  return Object.fromEntries(Object.entries(template).map(([name, child]) => [name, renderValue(child, args)]))
}

/** Of a template without fault. Throws `tool.arguments_invalid`. */
export function renderBody(template: JsonTemplate, contentType: string, args: Arguments): string {
  if (typeof template !== 'string') return JSON.stringify(renderValue(template, args) ?? null)
  if (isForm(contentType))
    return template
      .split('&')
      .flatMap((parameter) => renderParameter(parameter, args))
      .join('&')
  return fillJsonText(template, {
    text: (name) => withinString(textOf(name, args)),
    value: (name) => JSON.stringify(valueOf(name, args) ?? null),
  })
}
