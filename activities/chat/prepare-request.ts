// From a branch of messages and the retrieved passages to the request for a model, fitted into its context window.
import type { TurnWork } from '../../db/chat/turn-work.ts'
import { buildContext } from '../../domain/chat/context-window.ts'
import type { ModelMessage, ModelTool } from '../../domain/chat/model-message.ts'
import { systemPrompt } from '../../domain/chat/prompt.ts'
import { answerLimit } from '../../domain/chat/tool-answer.ts'
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

/** Of what a tool answered in an earlier turn: its answer has said what mattered. */
const longestOld = 4_000
/** From what is kept down to what still tells something. */
const longestNew = [answerLimit, 8_000, 3_000, 1_000, 300]
/** What the turn's own steps may take of the input; the rest is the question's, and what leads to it. */
const stepsShare = 0.7

/** As much of what the tools have answered as the model has room for. */
function fitSteps(
  steps: readonly TranscriptMessage[],
  {
    withCalls,
    model,
    countTokens,
  }: { readonly withCalls: boolean; readonly model: ResolvedModel; readonly countTokens: (text: string) => number },
): ModelMessage[] {
  if (steps.length === 0) return []
  const room = (model.contextWindow - model.maxOutputTokens) * stepsShare
  const made = (longest: number): ModelMessage[] => toModelMessages(steps, { withCalls, longest })
  const fits = (longest: number): boolean =>
    made(longest).reduce((total, { content }) => total + countTokens(content), 0) <= room
  return made(longestNew.find(fits) ?? Math.min(...longestNew))
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
  const countTokens = tokenCounterFor(model.name)
  const built = buildContext({
    system: systemPrompt({
      custom: work.systemPrompt,
      citesPassages: passages.length > 0,
      hasTools: offersTools || [...work.branch, ...steps].some(({ role }) => role === 'tool'),
    }),
    history: toModelMessages(work.branch.slice(0, -1), { withCalls: offersTools, longest: longestOld }),
    user: work.branch.at(-1)?.content ?? '',
    steps: fitSteps(steps, { withCalls: offersTools, model, countTokens }),
    tools,
    passages,
    contextWindow: model.contextWindow,
    maxOutputTokens: model.maxOutputTokens,
    countTokens,
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
