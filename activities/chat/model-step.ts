// The model step: begins the turn or takes it up again, retrieves, builds the context, streams the model to the turn's
// followers, and stores the answer or the calls. It is idempotent by (turn, step): a repeat after its commit only tells again.
import { Context } from '@temporalio/activity'
import { type TurnWork, beginTurn, findEndedTurn } from '../../db/chat/turn-work.ts'
import { findStepRuns } from '../../db/chat/tool-calls.ts'
import type { StepPosition } from '../../domain/chat/turn-event.ts'
import type { Platform } from '../../platform/platform.ts'
import { createTurnPublisher } from '../../platform/stream/turn-publisher.ts'
import { answerStep } from './answer-step.ts'
import { commitStepCalls, publishCalled } from './commit-calls.ts'
import { commitEnding } from './commit-ending.ts'
import { listenForCancel } from './listen-for-cancel.ts'
import { publishEnding } from './publish-ending.ts'

export interface StepResult {
  /** Else another step follows, once the runs have ended. */
  readonly ended: boolean
  /** The tool runs that the step asks for. */
  readonly executionIds: readonly string[]
  /** Of each of them. */
  readonly toolTimeoutMs: number
}

type StepPlatform = Pick<Platform, 'db' | 'log' | 'config' | 'streams' | 'bus' | 'llm' | 'embeddings'>
type Place = { readonly turnId: string; readonly step: number }

export const createModelStep =
  (platform: StepPlatform) =>
  async (place: Place): Promise<StepResult> => {
    const { toolTimeoutMs } = platform.config
    const executionIds = await takeStep(platform, place)
    return { ended: executionIds === undefined, executionIds: executionIds ?? [], toolTimeoutMs }
  }

/** Undefined when the turn is over. */
async function takeStep(platform: StepPlatform, place: Place): Promise<readonly string[] | undefined> {
  const { turnId, step } = place
  const work = await beginTurn(platform.db, turnId, step)
  if (work === undefined) return publishOldEnding(platform, turnId)
  if (work.hasCalled) return tellCallsAgain(platform, place)
  return makeStep(platform, { turnId, work, position: { step, attempt: Context.current().info.attempt } })
}

async function makeStep(
  platform: StepPlatform,
  { turnId, work, position }: { readonly turnId: string; readonly work: TurnWork; readonly position: StepPosition },
): Promise<readonly string[] | undefined> {
  await using stop = await listenForCancel(platform, turnId)
  const publisher = createTurnPublisher({ streams: platform.streams, log: platform.log, turnId, position })
  if (position.attempt > 1) publisher.publish({ type: 'turn.reset', data: position })
  const outcome = await answerStep(platform, { turnId, work, position, publisher, stop })
  await publisher.flush()
  if (outcome.status === 'calling') {
    const committed = await commitStepCalls(platform, { turnId, work, stop, ...outcome })
    return committed ?? publishOldEnding(platform, turnId)
  }
  const ended = await commitEnding(platform, turnId, { ending: outcome, stop })
  if (ended !== undefined) await publishEnding(platform, turnId, { ended, withSnapshot: false })
  // The chat was deleted meanwhile: what was streamed goes too.
  else await platform.streams.expire(turnId).catch(() => {})
  return undefined
}

async function tellCallsAgain(platform: StepPlatform, place: Place): Promise<readonly string[]> {
  const runs = await findStepRuns(platform.db, place)
  await publishCalled(platform, { ...place, runs })
  return runs.map(({ executionId }) => executionId)
}

/** The turn was over before this attempt: deltas of the attempt that ended it may be lost, so the whole message goes out. */
async function publishOldEnding(platform: StepPlatform, turnId: string): Promise<undefined> {
  const ended = await findEndedTurn(platform.db, turnId)
  if (ended !== undefined) await publishEnding(platform, turnId, { ended, withSnapshot: true })
  return undefined
}
