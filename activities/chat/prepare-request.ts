// From a branch of messages and the retrieved passages to the request for a model, fitted into its context window.
import type { BranchMessage, TurnWork } from '../../db/chat/turn-work.ts'
import { buildContext } from '../../domain/chat/context-window.ts'
import type { ModelMessage } from '../../domain/chat/model-message.ts'
import { systemPrompt } from '../../domain/chat/prompt.ts'
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

const toModelMessage = ({ role, content }: BranchMessage): ModelMessage[] =>
  role === 'tool' ? [] : [{ role, content }]

/** Throws `llm.context_exceeded` when that alone doesn't fit. */
export function prepareRequest(input: {
  readonly work: Pick<TurnWork, 'systemPrompt' | 'temperature' | 'branch'>
  readonly passages: readonly RetrievedPassage[]
  readonly model: ResolvedModel
}): PreparedRequest {
  const { work, passages, model } = input
  const built = buildContext({
    system: systemPrompt({ custom: work.systemPrompt, citesPassages: passages.length > 0 }),
    history: work.branch.slice(0, -1).flatMap(toModelMessage),
    user: work.branch.at(-1)?.content ?? '',
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
      ...(work.temperature === null ? {} : { temperature: work.temperature }),
    },
    passages: built.passagesUsed,
    size: { tokens: built.tokens, limit: built.limit, dropped: built.droppedMessages },
  }
}
