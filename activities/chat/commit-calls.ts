// Stores what a model step wants to have called, and tells the turn's followers. A repeat finds the calls of the first time.
import { type NewRun, commitCalls } from '../../db/chat/tool-calls.ts'
import type { NewAnswer } from '../../db/chat/messages.ts'
import type { TurnWork } from '../../db/chat/turn-work.ts'
import { newId } from '../../db/ids.ts'
import { type ToolCalled, calledEventId } from '../../domain/chat/turn-event.ts'
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import type { Platform } from '../../platform/platform.ts'
import { publishPatiently } from '../../platform/stream/publish-tool-event.ts'
import { type StopListener, stopReasonOf } from './listen-for-cancel.ts'
import type { ReadCall, ReadCalls } from './read-calls.ts'
import { throughOutage } from '../through-outage.ts'

export interface CallingStep {
  readonly turnId: string
  readonly work: Pick<TurnWork, 'ownerId' | 'chatId'>
  readonly answer: NewAnswer
  readonly calls: ReadCalls
  readonly stop: StopListener
}

function toRun({ turnId, work }: CallingStep, { callId, tool, arguments: args }: ReadCall): NewRun {
  const executionId = newId()
  return {
    executionId,
    callId,
    toolId: tool.id,
    toolVersionId: tool.versionId,
    arguments: args,
    event: {
      action: 'tool.execute',
      outcome: 'success',
      actor: { type: 'user', id: work.ownerId },
      resource: { type: 'tool', id: tool.id, version: tool.version },
      workflowId: toolCallWorkflowId(executionId),
      details: { tool: tool.name, executionId, turnId, chatId: work.chatId },
    },
  }
}

/** Under ids of their own, so that it may be done again. */
export async function publishCalled(
  { streams, log }: Pick<Platform, 'streams' | 'log'>,
  { turnId, step, runs }: { readonly turnId: string; readonly step: number; readonly runs: readonly ToolCalled[] },
): Promise<void> {
  const entries = runs.map((run, index) => ({
    id: calledEventId(step, index),
    event: { type: 'tool.called', data: { ...run, step } } as const,
  }))
  await publishPatiently({ log, turnId }, () => streams.append(turnId, entries))
}

/** The runs that the turn waits for; undefined when it is over or gone. */
export async function commitStepCalls(
  platform: Pick<Platform, 'db' | 'streams' | 'log'>,
  step: CallingStep,
): Promise<readonly string[] | undefined> {
  const { turnId, answer, calls, stop } = step
  const committed = await throughOutage(
    { log: platform.log, about: { turnId }, stopReason: () => stopReasonOf(stop) },
    () =>
      commitCalls(platform.db, {
        turnId,
        requesterId: step.work.ownerId,
        answer,
        toolCalls: calls.toolCalls,
        runs: calls.accepted.map((call) => toRun(step, call)),
        refusals: calls.refusals,
      }),
  )
  if (committed === undefined) return undefined
  await publishCalled(platform, { turnId, step: answer.step, runs: committed })
  return committed.map(({ executionId }) => executionId)
}
