// The model that is there without weights, network or key: it quotes sentences and calls tools that it is told to call.
// It is deterministic and says what it is; it never pretends to understand (docs/decisions/005-offline-model.md).
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { ModelMessage, ModelToolCall } from '../../../domain/chat/model-message.ts'
import { readQuestion, readToolAnswer } from '../../../domain/chat/prompt.ts'
import type { LanguageModel, ModelEvent, ModelRequest } from '../language-model.ts'
import { providers } from '../providers.ts'
import { findBestSentences } from './best-sentences.ts'
import { estimateUsage } from '../usage.ts'

export const offlineLanguageModelName = 'offline/extractive'

const introduction = [
  'I am `offline/extractive`, the model that is built in: I am not a large language model and can’t hold a conversation.',
  'I answer questions about documents by quoting their best sentences, and a message such as `/tool_name {"key": "value"}` makes me call that tool.',
  `To talk to a real model, set ${providers.map(({ variables }) => variables.replace(/\w+_\w+/g, '`$&`')).join(', ')}, and if you want another than the default, choose it with \`CDSA_DEFAULT_MODEL\` (such as \`${providers[0]?.chatModel}\`); then start the platform again.`,
].join('\n\n')
const noAnswer =
  'The documents don’t answer that: none of the passages that were found has a sentence on it. (I am `offline/extractive`, which only quotes; another wording may find more.)'

type Answer = { readonly text: string } | { readonly call: ModelToolCall }

/** Text or a tool call, by the last message and the passages alone. */
function answerTo({ messages, passages = [], tools = [] }: ModelRequest): Answer {
  const answers = toolAnswersOf(messages)
  if (answers.length === 1) return { text: `The tool answered:\n\n${answers[0]}` }
  if (answers.length > 1) return { text: `The tools answered:\n\n${answers.join('\n\n')}` }
  const question = readQuestion(messages.findLast((message) => message.role === 'user')?.content ?? '').trim()
  const command = /^\/([\w.-]+)(?:\s+(\{[\s\S]*\}))?$/.exec(question)
  if (command?.[1] !== undefined) return callTool(command[1], command[2] ?? '{}', { messages, tools })
  if (passages.length === 0) return { text: introduction }
  const quotes = findBestSentences(question, passages)
  if (quotes.length === 0) return { text: noAnswer }
  return { text: `From the documents: ${quotes.map(({ text, marker }) => `“${text}” [${marker}]`).join(' ')}` }
}

/** What came last, when it came of tools. */
function toolAnswersOf(messages: readonly ModelMessage[]): string[] {
  const before = messages.findLastIndex(({ role }) => role !== 'tool')
  return messages.slice(before + 1).map(({ content }) => readToolAnswer(content))
}

function callTool(tool: string, json: string, given: Required<Pick<ModelRequest, 'messages' | 'tools'>>): Answer {
  if (!given.tools.some((candidate) => candidate.name === tool)) {
    const known = given.tools.map((candidate) => `\`${candidate.name}\``).join(', ')
    return {
      text: `There is no tool \`${tool}\` here. ${known === '' ? 'This chat has none.' : `There are: ${known}.`}`,
    }
  }
  if (!isJson(json)) return { text: `The arguments of \`${tool}\` aren’t JSON: write them as {"key": "value"}.` }
  return { call: { callId: callIdOf(given.messages), tool, arguments: json } }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The same conversation gives the same id, and another one another: a repeated step repeats its call. */
const callIdOf = (messages: readonly ModelMessage[]): string =>
  `call_${createHash('sha256').update(JSON.stringify(messages)).digest('hex').slice(0, 24)}`

/** Each word with the white space after it. */
const toDeltas = (text: string): readonly string[] => text.match(/\s*\S+\s*/g) ?? []

async function* stream(
  request: ModelRequest,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<ModelEvent, void, undefined> {
  signal.throwIfAborted()
  const answer = answerTo(request)
  if ('call' in answer) {
    yield { type: 'tool-call', call: answer.call }
  } else {
    for (const text of toDeltas(answer.text)) {
      yield { type: 'text', text }
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  const output = 'call' in answer ? answer.call.tool + answer.call.arguments : answer.text
  yield { type: 'usage', usage: estimateUsage(request, output) }
  yield { type: 'finish', reason: 'call' in answer ? 'tool-calls' : 'stop' }
}

export const createOfflineLanguageModel = (): LanguageModel => ({ stream })
