// The formats that a tool's schema may name. They are regular expressions of ajv-formats, of which nobody has promised that
// each is quick on a long text: what they describe is short, so that a long text fails before any of them sees it.
import type { Ajv, Format } from 'ajv'
import addFormats, { type FormatName } from 'ajv-formats'

const maxLength = 2_048

const ofText: readonly FormatName[] = [
  'date',
  'time',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uuid',
  'json-pointer',
  'relative-json-pointer',
]
const ofNumbers: readonly FormatName[] = ['int32', 'int64', 'float', 'double']
/** They only describe, and hold for any text. */
const descriptions = ['password', 'binary', 'byte', 'iso-date-time', 'iso-time']

function matches(format: Format, text: string): boolean {
  if (format instanceof RegExp) return format.test(text)
  if (typeof format === 'function') return format(text)
  if (typeof format === 'object' && 'validate' in format) return matches(format.validate as Format, text)
  return true
}

export function addBoundedFormats(ajv: Ajv): void {
  for (const name of ofText) {
    const format = addFormats.default.get(name)
    ajv.addFormat(name, { type: 'string', validate: (text) => text.length <= maxLength && matches(format, text) })
  }
  for (const name of ofNumbers) ajv.addFormat(name, addFormats.default.get(name))
  for (const name of descriptions) ajv.addFormat(name, true)
}
