// The model step: begins the turn, retrieves, builds the context, streams the model to the turn's followers, and stores
// the answer. It is idempotent by (turn, step): a repeat after its commit only publishes the ending again.
import { Context } from '@temporalio/activity'
import type { NewAnswer } from '../../db/chat/messages.ts'
import { type TurnEnding, type TurnWork, beginTurn, findEndedTurn } from '../../db/chat/turn-work.ts'
import { extractCitations } from '../../domain/chat/citations.ts'
import type { StepPosition } from '../../domain/chat/turn-event.ts'
import { AppError } from '../../domain/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { type TurnPublisher, createTurnPublisher } from '../../platform/stream/turn-publisher.ts'
import { commitEnding } from './commit-ending.ts'
import { type Generation, generate, nothing } from './generate.ts'
import { type StopListener, listenForCancel } from './listen-for-cancel.ts'
import { prepareRequest } from './prepare-request.ts'
import { publishEnding } from './publish-ending.ts'
import { type RetrievedPassage, retrieve } from './retrieve.ts'

type StepPlatform = Pick<Platform, 'db' | 'log' | 'streams' | 'bus' | 'llm' | 'embeddings'>

interface Step {
  readonly turnId: string
  readonly work: TurnWork
  readonly position: StepPosition
  readonly publisher: TurnPublisher
  readonly stop: StopListener
}

export const createModelStep =
  (platform: StepPlatform) =>
  async ({ turnId, step }: { readonly turnId: string; readonly step: number }): Promise<void> => {
    const position = { step, attempt: Context.current().info.attempt }
    const work = await beginTurn(platform.db, turnId)
    if (work === undefined) return publishOldEnding(platform, turnId)
    await using stop = await listenForCancel(platform, turnId)
    const publisher = createTurnPublisher({ streams: platform.streams, log: platform.log, turnId, position })
    if (position.attempt > 1) publisher.publish({ type: 'turn.reset', data: position })
    const current = { turnId, work, position, publisher, stop }
    const ending = await answer(platform, current)
    await publisher.flush()
    const ended = await commitEnding(platform, turnId, { ending, stop })
    if (ended !== undefined) return publishEnding(platform, turnId, { ended, withSnapshot: false })
    // The chat was deleted meanwhile: what was streamed goes too.
    await platform.streams.expire(turnId).catch(() => {})
  }

/** The turn was over before this attempt: deltas of the attempt that ended it may be lost, so the whole message goes out. */
async function publishOldEnding(platform: StepPlatform, turnId: string): Promise<void> {
  const ended = await findEndedTurn(platform.db, turnId)
  if (ended !== undefined) await publishEnding(platform, turnId, { ended, withSnapshot: true })
}

async function answer(platform: StepPlatform, step: Step): Promise<TurnEnding> {
  const { stop } = step
  const passages: RetrievedPassage[] = []
  const generation = await generateWithPassages(platform, step, passages).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
    return nothing
  })
  if (!stop.signal.aborted) return { status: 'completed', answer: toAnswer(step, generation, passages) }
  if (!stop.isUserCancel()) throw stop.signal.reason
  return { status: 'cancelled', answer: generation.content === '' ? null : toAnswer(step, generation, passages) }
}

/** Fills `passages` with those that went into the prompt. After an abort it resolves to the part that there was. */
async function generateWithPassages(
  platform: StepPlatform,
  { work, position, publisher, stop }: Step,
  passages: RetrievedPassage[],
): Promise<Generation> {
  const question = work.branch.at(-1)
  if (question === undefined) throw new AppError('internal', { detail: 'The turn’s message is missing.' })
  const found = await retrieve(platform, work, { question: question.content, signal: stop.signal })
  if (work.collectionIds.length + work.documentIds.length > 0) {
    const sources = found.map(({ text: _t, spans: _s, headingPath: _h, ...source }) => source)
    publisher.publish({ type: 'retrieval.completed', data: { ...position, sources } })
  }
  const model = platform.llm.resolve(work.model)
  const prepared = prepareRequest({ work, passages: found, model })
  passages.push(...prepared.passages)
  publisher.publish({ type: 'context.built', data: { ...position, ...prepared.size } })
  return generate(model, prepared.request, { position, publisher, signal: stop.signal })
}

const toAnswer = (step: Step, { content, usage }: Generation, passages: readonly RetrievedPassage[]): NewAnswer => ({
  step: step.position.step,
  content,
  citations: extractCitations(content, passages),
  model: step.work.model,
  usage,
  parentMessageId: step.work.userMessageId,
})
