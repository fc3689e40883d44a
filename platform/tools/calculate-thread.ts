// The thread that evaluates expressions: mathjs, of whose language only arithmetic is let through, so that an expression is
// as large as its text. What still takes long (a huge factorial) is ended from outside, with the thread.
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import type { MathJsInstance, MathNode } from 'mathjs'
import type { CalculateAnswer, CalculateRequest } from './calculate.ts'

const maxNodes = 200
const maxLength = 4_000
/** Computed with 64 digits, shown with half of them: what rounding did to the last ones isn't seen. */
const precision = 64
const shownDigits = 32

/** One file instead of two thousand, which take seconds to load. */
const bundle = createRequire(import.meta.url)('mathjs/lib/browser/math.js') as {
  create(config: { readonly number: 'BigNumber'; readonly precision: number }): MathJsInstance
}
const math = bundle.create({ number: 'BigNumber', precision })

const nodeTypes = [
  'ConstantNode',
  'SymbolNode',
  'OperatorNode',
  'ParenthesisNode',
  'FunctionNode',
  'ArrayNode',
  'ConditionalNode',
  'RelationalNode',
]
const operators = [
  'add subtract multiply divide dotMultiply dotDivide mod pow dotPow factorial unaryMinus unaryPlus to',
  'percentage smaller larger smallerEq largerEq equal unequal and or not xor transpose ctranspose',
].flatMap((line) => line.split(' '))
const functions = new Set(
  [
    'abs ceil floor round fix sign sqrt cbrt nthRoot square cube hypot pow mod exp expm1 log log2 log10 log1p',
    'gcd lcm factorial combinations permutations sin cos tan sec csc cot asin acos atan atan2 sinh cosh tanh',
    'asinh acosh atanh min max sum prod mean median mode std variance quantileSeq det inv transpose dot cross',
    'norm complex re im conj arg isPrime to',
  ].flatMap((line) => line.split(' ')),
)
const constants = new Set(['pi', 'PI', 'e', 'E', 'tau', 'phi', 'i', 'true', 'false'])

interface Seen {
  readonly type: string
  readonly fn?: unknown
  readonly name?: unknown
  readonly value?: unknown
}

const isUnit = (name: string): boolean =>
  (math as unknown as { readonly Unit: { isValuelessUnit(name: string): boolean } }).Unit.isValuelessUnit(name)

/** What isn’t taken, in words; undefined for what is. */
function faultOf(node: MathNode, role: string | null): string | undefined {
  const { type, fn, name, value } = node as Seen
  if (!nodeTypes.includes(type))
    return 'Only arithmetic can be calculated: no variables, functions of your own, ranges, objects or texts.'
  if (type === 'OperatorNode' && !operators.includes(String(fn)))
    return 'The expression uses an operator that isn’t supported.'
  if (type === 'ConstantNode' && !['number', 'boolean'].includes(typeof value) && !math.isBigNumber(value))
    return 'Only numbers can be calculated with, no texts.'
  if (type !== 'SymbolNode' || typeof name !== 'string') return undefined
  if (role === 'fn') return functions.has(name) ? undefined : `There is no function ${name.slice(0, 40)} here.`
  // Such as `min`, which is no minute.
  if (typeof Reflect.get(math, name) === 'function') return `${name.slice(0, 40)} is the name of a function.`
  return constants.has(name) || isUnit(name) ? undefined : `${name.slice(0, 40)} is neither a constant nor a unit.`
}

function requireArithmetic(expression: MathNode): void {
  let nodes = 0
  expression.traverse((node, path) => {
    nodes += 1
    const fault = nodes > maxNodes ? `The expression has more than ${maxNodes} parts.` : faultOf(node, path)
    if (fault !== undefined) throw new Error(fault)
  })
}

/** A whole number that was computed exactly has all its digits. */
function format(value: unknown): string {
  const isExact = math.isBigNumber(value) && value.isInteger() && value.abs().lt(`1e${precision}`)
  if (isExact) return value.toFixed()
  return math.format(value, { precision: shownDigits, lowerExp: -9, upperExp: 21 })
}

function calculate(expression: string): string {
  const node = math.parse(expression)
  requireArithmetic(node)
  const value: unknown = node.compile().evaluate()
  const text = format(value)
  if (/NaN|Infinity/.test(text)) throw new Error('The result is no finite number.')
  if (text.length > maxLength) throw new Error(`The result has more than ${maxLength} characters.`)
  return text
}

/** mathjs' own messages name what it read and where, nothing else. */
function answer({ expression }: CalculateRequest): CalculateAnswer {
  try {
    return { result: calculate(expression) }
  } catch (error) {
    return { fault: error instanceof Error ? error.message.slice(0, 300) : 'It can’t be calculated.' }
  }
}

parentPort?.on('message', (request: CalculateRequest) => parentPort?.postMessage(answer(request), []))
// mathjs builds its functions when they are first used, which counts as starting, not as the first caller's time.
answer({ expression: 'sqrt(2) * 10! / sin(1) + log(8, 2) ^ 3 - round(mean(1, 2), 1) + (5 km to m) / (2 m)' })
parentPort?.postMessage('ready', [])
