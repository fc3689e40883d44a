// What came before a step in its turn: the runs of the former step, which have ended, become messages, and all is read.
import { addToolMessages, findUnansweredCalls, listSteps } from '../../db/chat/tool-messages.ts'
import { answerOf } from '../../domain/chat/tool-answer.ts'
import type { TranscriptMessage } from '../../domain/chat/transcript.ts'
import type { Platform } from '../../platform/platform.ts'

export type StepMessage = TranscriptMessage & { readonly id: string }

export async function takeSteps(
  { db }: Pick<Platform, 'db'>,
  { turnId, step }: { readonly turnId: string; readonly step: number },
): Promise<readonly StepMessage[]> {
  if (step === 1) return []
  const former = { turnId, step: step - 1 }
  const calls = await findUnansweredCalls(db, former)
  await addToolMessages(
    db,
    former,
    calls.map((call) => ({ callId: call.callId, content: answerOf(call) })),
  )
  return listSteps(db, turnId)
}
