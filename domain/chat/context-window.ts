// Fits a prompt into a model's context window: system, retrieved passages, history, user. Pure and predictable.
// What must stay (system, tools, question, this turn's steps) is counted first; passages and history share the rest.
import { AppError } from '../errors.ts'
import type { ModelMessage, ModelTool, Passage } from './model-message.ts'
import { passagesFrame, renderPassage, renderQuestion } from './prompt.ts'

export interface ContextInput<P extends Passage> {
  readonly system: string
  /** Finished turns, oldest first; each tool result follows its call. */
  readonly history: readonly ModelMessage[]
  readonly user: string
  /** What the model and the tools have said since the user's message; none in a turn's first step. Always kept. */
  readonly steps?: readonly ModelMessage[]
  /** Best first. */
  readonly passages: readonly P[]
  readonly tools?: readonly ModelTool[]
  /** Tokens of input and output together. */
  readonly contextWindow: number
  readonly maxOutputTokens: number
  readonly countTokens: (text: string) => number
}

export interface BuiltContext<P extends Passage> {
  /** System, history, the user's message with the passages in it, this turn's steps. */
  readonly messages: readonly ModelMessage[]
  /** Tokens of the messages and the tools. */
  readonly tokens: number
  /** The most that they may have: contextWindow − maxOutputTokens. */
  readonly limit: number
  /** How many of the oldest messages of the history were left out. */
  readonly droppedMessages: number
  /** The passages that are in, best first: a prefix of those given. */
  readonly passagesUsed: readonly P[]
}

/** What chat formats put around each message, and in front of the answer. */
const tokensPerMessage = 4
const tokensPerAnswer = 3
/** Passages may leave the history with this share of what the fixed parts leave, if it needs as much. */
const historyShare = 0.4

function messageTokens(message: ModelMessage, countTokens: (text: string) => number): number {
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
  const callTokens = calls.map((call) => tokensPerMessage + countTokens(call.tool) + countTokens(call.arguments))
  return tokensPerMessage + countTokens(message.content) + sum(callTokens)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** How many of the costs fit into the budget, from the first on, without a gap. */
function fitting(costs: readonly number[], budget: number): number {
  let left = budget
  const over = costs.findIndex((cost) => (left -= cost) < 0)
  return over === -1 ? costs.length : over
}

/** The history in turns: a user's message and all that answers it, so that no call is cut from its result. */
function toTurns(history: readonly ModelMessage[]): ModelMessage[][] {
  const turns: ModelMessage[][] = []
  for (const message of history) {
    if (message.role === 'user' || turns.length === 0) turns.push([message])
    else turns.at(-1)?.push(message)
  }
  return turns
}

/** The fixed parts' tokens. Throws `llm.context_exceeded`, saying which part is at fault, when they alone don't fit. */
function countFixed<P extends Passage>(input: ContextInput<P>, limit: number): number {
  const { countTokens, steps = [], tools = [] } = input
  const question = tokensPerMessage + countTokens(input.user)
  const surroundings =
    tokensPerAnswer +
    tokensPerMessage +
    countTokens(input.system) +
    sum(tools.map((tool) => countTokens(JSON.stringify(tool)))) +
    sum(steps.map((message) => messageTokens(message, countTokens)))
  if (surroundings + question <= limit) return surroundings + question
  const culprit = surroundings > limit ? 'The system prompt with the tools and their results' : 'The message'
  throw new AppError('llm.context_exceeded', {
    detail: `${culprit} doesn’t fit into the model’s context of ${limit} input tokens: shorten it, or choose a model with a larger context.`,
  })
}

/**
 * The messages for one call of a model. When not all fits, passages go from the lowest ranked, and whole turns of the
 * history from the oldest. Throws AppError `llm.context_exceeded` when what must stay doesn't fit.
 */
export function buildContext<P extends Passage>(input: ContextInput<P>): BuiltContext<P> {
  const { countTokens } = input
  const limit = Math.max(0, input.contextWindow - input.maxOutputTokens)
  const fixed = countFixed(input, limit)
  const turns = toTurns(input.history).toReversed()
  const turnCosts = turns.map((turn) => sum(turn.map((message) => messageTokens(message, countTokens))))
  const room = limit - fixed

  const forPassages = room - Math.min(sum(turnCosts), Math.floor(room * historyShare)) - countTokens(passagesFrame)
  const passageCosts = input.passages.map((passage) => countTokens(`${renderPassage(passage)}\n`))
  const passagesUsed = input.passages.slice(0, fitting(passageCosts, forPassages))
  const passageTokens =
    passagesUsed.length === 0 ? 0 : countTokens(passagesFrame) + sum(passageCosts.slice(0, passagesUsed.length))

  const kept = fitting(turnCosts, room - passageTokens)
  const history = turns.slice(0, kept).toReversed().flat()
  return {
    messages: [
      { role: 'system', content: input.system },
      ...history,
      { role: 'user', content: renderQuestion(input.user, passagesUsed) },
      ...(input.steps ?? []),
    ],
    tokens: fixed + passageTokens + sum(turnCosts.slice(0, kept)),
    limit,
    droppedMessages: input.history.length - history.length,
    passagesUsed,
  }
}
