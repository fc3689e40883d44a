// From a branch of messages and the retrieved passages to the request for a model, fitted into its context window.
import type { TurnWork } from '../../db/chat/turn-work.ts'
import { buildContext } from '../../domain/chat/context-window.ts'
import type { ModelTool } from '../../domain/chat/model-message.ts'
import { systemPrompt } from '../../domain/chat/prompt.ts'
import { type TranscriptMessage, toModelMessages } from '../../domain/chat/transcript.ts'
import type { ModelRequest } from '../../platform/llm/language-model.ts'
import type { ResolvedModel } from '../../platform/llm/language-models.ts'
import { tokenCounterFor } from '../../platform/llm/tokens.ts'
import type { RetrievedPassage } from './retrieve.ts'

export interface PreparedRequest {
  readonly request: ModelRequest
  /** Those that fitted, best first. */
  readonly passages: readonly RetrievedPassage[]
  /** Input tokens, the most that they may be, and how many old messages were left out. */
  readonly size: { readonly tokens: number; readonly limit: number; readonly dropped: number }
}

/** Throws `llm.context_exceeded` when that alone doesn't fit. */
export function prepareRequest(input: {
  readonly work: Pick<TurnWork, 'systemPrompt' | 'temperature' | 'branch'>
  /** What models and tools have said in the turn so far. */
  readonly steps: readonly TranscriptMessage[]
  readonly tools: readonly ModelTool[]
  readonly passages: readonly RetrievedPassage[]
  readonly model: ResolvedModel
}): PreparedRequest {
  const { work, steps, tools, passages, model } = input
  const offersTools = tools.length > 0
  const built = buildContext({
    system: systemPrompt({
      custom: work.systemPrompt,
      citesPassages: passages.length > 0,
      hasTools: offersTools || [...work.branch, ...steps].some(({ role }) => role === 'tool'),
    }),
    history: toModelMessages(work.branch.slice(0, -1), offersTools),
    user: work.branch.at(-1)?.content ?? '',
    steps: toModelMessages(steps, offersTools),
    tools,
    passages,
    contextWindow: model.contextWindow,
    maxOutputTokens: model.maxOutputTokens,
    countTokens: tokenCounterFor(model.name),
  })
  return {
    request: {
      model: model.providerModel,
      messages: built.messages,
      passages: built.passagesUsed,
      ...(offersTools ? { tools } : {}),
      ...(work.temperature === null ? {} : { temperature: work.temperature }),
    },
    passages: built.passagesUsed,
    size: { tokens: built.tokens, limit: built.limit, dropped: built.droppedMessages },
  }
}
