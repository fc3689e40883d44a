// Asks a running turn to stop: over the bus, which is fast, and through its workflow, which is sure.
import type { Platform } from '../../platform/platform.ts'
import { turnCancelChannel } from '../../platform/stream/bus.ts'
import { cancelWorkflow } from '../../platform/temporal/cancel-workflow.ts'
import { chatTurnWorkflowId } from '../../workflows/chat/messages.ts'

/** Resolves to false when no workflow drives the turn. Rejects when Temporal doesn't answer; the bus has been asked then. */
export async function stopTurn(
  { temporal, bus, log }: Pick<Platform, 'temporal' | 'bus' | 'log'>,
  turnId: string,
): Promise<boolean> {
  await bus.publish(turnCancelChannel(turnId), {}).catch((error: unknown) => {
    log.warn({ err: error, turnId }, 'a cancel goes through the workflow alone')
  })
  return cancelWorkflow({ temporal }, chatTurnWorkflowId(turnId))
}
