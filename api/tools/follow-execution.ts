// The events of a run: the run itself at every change, from its present state to its end.
import { getExecutionState } from '../../db/tools/executions.ts'
import { hasEnded } from '../../domain/tools/execution.ts'
import type { Context } from '../../platform/platform.ts'
import { executionChannel } from '../../platform/stream/bus.ts'
import { followRow } from '../http/follow-row.ts'
import type { ServerSentEvent } from '../http/route.ts'

/** The events after `Last-Event-ID`; undefined when the client has seen the end already. */
export function followExecution(
  context: Context,
  { executionId, lastEventId }: { readonly executionId: string; readonly lastEventId: string | undefined },
): Promise<AsyncIterable<ServerSentEvent> | undefined> {
  const read = async () => {
    const { execution, revision } = await getExecutionState(context.db, { userId: context.actor.userId, executionId })
    const id = { epoch: 1, sequence: revision }
    return { id, event: 'execution.updated', data: { execution }, isOver: hasEnded(execution.status) }
  }
  return followRow(context, { channel: executionChannel(executionId), read, lastEventId })
}
