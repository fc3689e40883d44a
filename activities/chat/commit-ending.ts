// Ends a turn with what its step has made.
import { type TurnEnding, endTurn } from '../../db/chat/turn-work.ts'
import type { EndedTurn } from '../../domain/chat/turn-ending.ts'
import type { Platform } from '../../platform/platform.ts'
import { type StopListener, stopReasonOf } from './listen-for-cancel.ts'
import { throughOutage } from '../through-outage.ts'

/** Resolves to how the turn did end; undefined when it is gone. Rejects as `throughOutage` does. */
export const commitEnding = (
  { db, log }: Pick<Platform, 'db' | 'log'>,
  turnId: string,
  { ending, stop }: { readonly ending: TurnEnding; readonly stop: Pick<StopListener, 'signal' | 'isUserCancel'> },
): Promise<EndedTurn | undefined> =>
  // A commit whose acknowledgement was lost has ended the turn: the next try finds it so.
  throughOutage({ log, about: { turnId }, stopReason: () => stopReasonOf(stop) }, () => endTurn(db, turnId, ending))
