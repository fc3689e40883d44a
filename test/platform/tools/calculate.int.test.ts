// Sums in the thread: what they come to, what isn't taken, and that nothing holds up the process around it.
import { readdir } from 'node:fs/promises'
import { expect } from 'chai'
import { type Calculator, createCalculate } from '../../../platform/tools/calculate.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { eventually } from '../../support/eventually.ts'
import { rejection } from '../../support/rejection.ts'
import { testCall } from '../../support/tool-call.ts'

describe('the tool calculate', function () {
  this.timeout(120_000)
  let calculator: Calculator
  before(() => {
    calculator = createCalculate({ timeoutMs: 5_000 })
  })
  after(() => calculator.close())

  const calculate = async (expression: string): Promise<string> =>
    ((await calculator.run({ expression }, testCall())) as { readonly result: string }).result
  const faultOf = async (expression: string): Promise<string> => {
    const error = await appErrorOf(calculate(expression))
    expect(error.code, expression).to.equal('tool.failed')
    return error.detail ?? ''
  }

  it('is exact where floating point isn’t', async () => {
    const sums: Readonly<Record<string, string>> = {
      '0.1 + 0.2': '0.3',
      '12345678901234567890 * 2': '24691357802469135780',
      '2^200': '1606938044258990275541962092341162602522202993782792835301376',
      '30!': '265252859812191058636308480000000',
      '(3 + 4) * 2^10 - -1': '7169',
      '1/3 * 3': '1',
      'sqrt(2)^2': '2',
      '80 * 12%': '9.6',
      '-7 mod 3': '2',
      'round(2.567, 2)': '2.57',
      'mean(1, 2, 4.5)': '2.5',
      'max([3, 9, 4])': '9',
      'sqrt(-4)': '2i',
      'sin(30 deg)': '0.5',
      '5 km / (30 minute) to km/h': '10 km / h',
      '20 celsius to fahrenheit': '68 fahrenheit',
      'det([[1, 2], [3, 4]])': '-2',
      '2 > 1 ? 10 : 20': '10',
      '1e-7 + 1': '1.0000001',
      'factorial(20) / factorial(18)': '380',
    }
    for (const [expression, result] of Object.entries(sums))
      expect(await calculate(expression), expression).to.equal(result)
  })

  it('takes nothing but arithmetic', async () => {
    for (const expression of [
      'import({})',
      'createUnit("foo")',
      'evaluate("1")',
      'parse("1")',
      'simplify("x")',
      'derivative("x^2", "x")',
      'x = 3',
      'f(x) = f(x)',
      '1:1e9',
      '[1, 2][1]',
      '{a: 1}',
      '"a" + "b"',
      'a.b',
      'sqrt',
      'version',
      'config({})',
      'ones(10000, 10000)',
      'zeros(1e9)',
      'range(1, 1e9)',
      'map([1], sqrt)',
      'random()',
      'constructor',
      '__proto__',
      'sqrt.constructor("return process")()',
      'cos.constructor("return 1")()',
      'toString()',
      'print("x", {})',
      'help(sqrt)',
      '1; 2',
      'unknown + 1',
    ]) {
      expect(await faultOf(expression), expression).to.match(
        /only arithmetic|no function|neither a constant|isn’t supported|no texts|name of a function|Value expected/i,
      )
    }
  })

  it('says what is wrong with an expression, and what has no result', async () => {
    expect(await faultOf('2 +')).to.match(/unexpected end/i)
    expect(await faultOf('1,000 * 2')).to.match(/operator/i)
    expect(await faultOf('1 / 0')).to.include('no finite number')
    expect(await faultOf('5 km / 3 min')).to.include('min is the name of a function')
    expect(await faultOf('5 km to kg')).to.match(/units do not match/i)
    expect(await faultOf('1' + '+1'.repeat(300))).to.include('parts')
    expect((await appErrorOf(calculate('1+'.repeat(600)))).code).to.equal('tool.arguments_invalid')
  })

  it('ends what takes too long, without holding up the event loop, and goes on', async () => {
    const impatient = createCalculate({ timeoutMs: 1_000 })
    await impatient.run({ expression: '1' }, testCall())
    let ticks = 0
    const ticking = setInterval(() => (ticks += 1), 10)
    const hostile = ['combinations(1e9, 5e8)', 'factorial(1e8)', '9^9^9^9^9', 'permutations(1e9, 1e8)', '(1e1000000)!']
    for (const expression of hostile) await rejection(impatient.run({ expression }, testCall())).catch(() => undefined)
    const error = await appErrorOf(impatient.run({ expression: 'factorial(1e8)' }, testCall()))
    expect(error).to.include({ code: 'tool.failed', detail: 'The expression takes longer than 1000 ms.' })
    clearInterval(ticking)
    // The last one alone computes for a second: of its hundred ticks a busy machine takes some, a held-up event loop all.
    expect(ticks).to.be.greaterThan(20)
    expect(await impatient.run({ expression: '1 + 1' }, testCall())).to.deep.equal({ result: '2' })
    await impatient.close()
  })

  it('ends with the call that is cancelled, and answers each caller its own', async () => {
    const controller = new AbortController()
    const cancelled = rejection(
      calculator.run({ expression: 'factorial(1e9)' }, testCall({ signal: controller.signal })),
    )
    const others = Promise.all(['1 + 1', '2 * 3', '3 ^ 3'].map(calculate))
    setTimeout(() => controller.abort(new Error('cancelled')), 200)
    expect((await cancelled).message).to.equal('cancelled')
    expect(await others).to.deep.equal(['2', '6', '27'])
  })

  it('lets its thread go when nobody calculates', async function () {
    const threads = async (): Promise<number> => (await readdir('/proc/self/task').catch(() => [])).length
    if ((await threads()) === 0) this.skip()
    const brief = createCalculate({ idleMs: 300 })
    await brief.run({ expression: '1' }, testCall())
    const during = await threads()
    await eventually('the thread is gone', async () => (await threads()) < during)
    expect(await brief.run({ expression: '2' }, testCall())).to.deep.equal({ result: '2' })
    await brief.close()
  })
})
