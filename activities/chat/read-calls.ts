// What a model wants to have called, made into what can be: calls under ids that are one call's alone, arguments that are an
// object, tools that the chat has. Whatever can't become a run is answered at once, so that the model can mend it.
import { randomBytes } from 'node:crypto'
import type { NewCalls } from '../../db/chat/tool-calls.ts'
import type { StoredTool } from '../../db/tools/tools.ts'
import type { ModelToolCall } from '../../domain/chat/model-message.ts'
import { type CallError, errorAnswer } from '../../domain/chat/tool-answer.ts'
import { parseStorableJson } from '../../platform/tools/storable-json.ts'

/** In one step. */
const mostCalls = 16

export interface ReadCall {
  readonly callId: string
  readonly tool: StoredTool
  readonly arguments: Readonly<Record<string, unknown>>
}

export interface ReadCalls extends Pick<NewCalls, 'toolCalls' | 'refusals'> {
  /** In the order of the calls. */
  readonly accepted: readonly ReadCall[]
}

/** The form that every provider takes back, and the length. */
const usableId = /^[\w-]{1,40}$/
const usableName = (name: string): string => name.replace(/[^\w-]/g, '_').slice(0, 64) || 'unnamed'

/** Also ids of two turns of a chat must differ: there are providers that refuse a history with equal ones. */
function takeId(callId: string, taken: Set<string>): string {
  const id = usableId.test(callId) && !taken.has(callId) ? callId : `call_${randomBytes(12).toString('hex')}`
  taken.add(id)
  return id
}

/** Undefined for what is no JSON object, or one that can't be stored. Models write nothing where there are no arguments. */
function readArguments(written: string): Record<string, unknown> | undefined {
  const value = written.trim() === '' ? {} : parseStorableJson(written)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

function faultOf(call: ModelToolCall, place: { readonly index: number; readonly known: readonly string[] }): CallError {
  if (place.index >= mostCalls) {
    return {
      code: 'tool.too_many_calls',
      detail: `One answer may call ${mostCalls} tools: this call did not run. Call it again once the others are answered.`,
    }
  }
  if (!place.known.includes(call.tool)) {
    const there = place.known.length === 0 ? 'There are none now.' : `There are: ${place.known.join(', ')}.`
    return { code: 'tool.unknown', detail: there }
  }
  return {
    code: 'tool.arguments_invalid',
    detail: 'The arguments are no JSON object that can be read: write them as {"name": value}.',
  }
}

export function readCalls(
  calls: readonly ModelToolCall[],
  { tools, usedIds }: { readonly tools: readonly StoredTool[]; readonly usedIds: Iterable<string> },
): ReadCalls {
  const taken = new Set(usedIds)
  const toolCalls: ReadCalls['toolCalls'] = []
  const accepted: ReadCall[] = []
  const refusals: { callId: string; content: string }[] = []
  for (const [index, call] of calls.entries()) {
    const callId = takeId(call.callId, taken)
    const args = readArguments(call.arguments)
    const tool = index < mostCalls ? tools.find(({ name }) => name === call.tool) : undefined
    toolCalls.push({ callId, tool: usableName(call.tool), arguments: args ?? {} })
    if (tool !== undefined && args !== undefined) accepted.push({ callId, tool, arguments: args })
    else {
      const known = tools.map(({ name }) => name)
      refusals.push({ callId, content: errorAnswer(faultOf(call, { index, known })) })
    }
  }
  return { toolCalls, accepted, refusals }
}
