// What one step of a turn comes to: an answer that ends the turn, or calls of tools that it goes on with. A turn that has
// gone as far as it may ends with what the model has said and a notice.
import type { NewAnswer } from '../../db/chat/messages.ts'
import type { TurnEnding, TurnWork } from '../../db/chat/turn-work.ts'
import { extractCitations } from '../../domain/chat/citations.ts'
import { boundNotice } from '../../domain/chat/turn-bounds.ts'
import type { StepPosition } from '../../domain/chat/turn-event.ts'
import { AppError } from '../../domain/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { TurnPublisher } from '../../platform/stream/turn-publisher.ts'
import { type Generation, generate, nothing } from './generate.ts'
import type { StopListener } from './listen-for-cancel.ts'
import { prepareRequest } from './prepare-request.ts'
import { type ReadCalls, readCalls } from './read-calls.ts'
import { type RetrievedPassage, retrieve } from './retrieve.ts'
import { type StepMessage, takeSteps } from './take-steps.ts'
import { findTurnTools, toModelTool } from './turn-tools.ts'
import type { StoredTool } from '../../db/tools/tools.ts'

type AnswerPlatform = Pick<Platform, 'db' | 'config' | 'llm' | 'embeddings'>

export interface Step {
  readonly turnId: string
  readonly work: TurnWork
  readonly position: StepPosition
  readonly publisher: TurnPublisher
  readonly stop: StopListener
}

export type StepOutcome =
  | TurnEnding
  | { readonly status: 'calling'; readonly answer: NewAnswer; readonly calls: ReadCalls }

interface StepInput {
  readonly steps: readonly StepMessage[]
  readonly tools: readonly StoredTool[]
}

/** Throws what keeps the model from answering, and the signal's reason where the worker has to stop. */
export async function answerStep(platform: AnswerPlatform, step: Step): Promise<StepOutcome> {
  const { work, position, stop } = step
  const startedAt = performance.now()
  const steps = await takeSteps(platform, { turnId: step.turnId, step: position.step })
  const before = noticeFor(platform, step, { steps: position.step - 1, tokens: 0, seconds: 0 })
  if (before !== undefined) return completeWith(step, { generation: nothing, passages: [], steps, notice: before })
  const tools = await findTurnTools(platform, work.toolIds)
  const passages: RetrievedPassage[] = []
  const generation = await ask(platform, step, { steps, tools, passages }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
    return nothing
  })
  const answer = toAnswer(step, { generation, passages, steps })
  if (stop.signal.aborted) {
    if (!stop.isUserCancel()) throw stop.signal.reason
    return { status: 'cancelled', answer: generation.content === '' ? null : answer }
  }
  if (generation.calls.length === 0) return { status: 'completed', answer }
  const { inputTokens, outputTokens } = generation.usage
  const seconds = (performance.now() - startedAt) / 1_000
  const notice = noticeFor(platform, step, { steps: position.step, tokens: inputTokens + outputTokens, seconds })
  if (notice !== undefined) return completeWith(step, { generation, passages, steps, notice })
  const usedIds = [...work.branch, ...steps].flatMap(({ toolCalls }) => toolCalls.map(({ callId }) => callId))
  return { status: 'calling', answer, calls: readCalls(generation.calls, { tools, usedIds }) }
}

const noticeFor = (
  { config }: Pick<Platform, 'config'>,
  { work }: Step,
  now: { readonly steps: number; readonly tokens: number; readonly seconds: number },
): string | undefined =>
  boundNotice(
    { steps: now.steps, tokens: work.tokens + now.tokens, seconds: work.seconds + now.seconds },
    config.turnBounds,
  )

/** Fills `passages` with those that went into the prompt. After an abort it resolves to the part that there was. */
async function ask(
  platform: AnswerPlatform,
  { work, position, publisher, stop }: Step,
  { steps, tools, passages }: StepInput & { readonly passages: RetrievedPassage[] },
): Promise<Generation> {
  const question = work.branch.at(-1)
  if (question === undefined) throw new AppError('internal', { detail: 'The turn’s message is missing.' })
  const found = await retrieve(platform, work, { question: question.content, signal: stop.signal })
  if (work.collectionIds.length + work.documentIds.length > 0) {
    const sources = found.map(({ text: _t, spans: _s, headingPath: _h, ...source }) => source)
    publisher.publish({ type: 'retrieval.completed', data: { ...position, sources } })
  }
  const model = platform.llm.resolve(work.model)
  const prepared = prepareRequest({ work, steps, tools: tools.map(toModelTool), passages: found, model })
  passages.push(...prepared.passages)
  publisher.publish({ type: 'context.built', data: { ...position, ...prepared.size } })
  return generate(model, prepared.request, { position, publisher, signal: stop.signal })
}

interface Said {
  readonly generation: Generation
  readonly passages: readonly RetrievedPassage[]
  readonly steps: readonly StepMessage[]
}

/** The notice is part of the answer, for followers and in the chat. */
function completeWith(step: Step, { notice, ...said }: Said & { readonly notice: string }): StepOutcome {
  const { content } = said.generation
  const text = content === '' ? notice : `\n\n${notice}`
  step.publisher.publish({ type: 'text.delta', data: { ...step.position, text } })
  const answer = toAnswer(step, said)
  return { status: 'completed', answer: { ...answer, content: content + text } }
}

const toAnswer = ({ work, position }: Step, { generation: { content, usage }, passages, steps }: Said): NewAnswer => ({
  step: position.step,
  content,
  citations: extractCitations(content, passages),
  model: work.model,
  usage,
  parentMessageId: steps.at(-1)?.id ?? work.userMessageId,
})
