// A server of sign-in whose mails are really written: a workflow that is started is done at once, by the real activity, into
// an outbox.
import { createMailPasswordLink } from '../../activities/auth/mail-password-link.ts'
import { parseConfig } from '../../platform/config.ts'
import type { Platform } from '../../platform/platform.ts'
import type { SendPasswordMailInput } from '../../workflows/auth/messages.ts'
import type { SignInParts } from './sign-in-parts.ts'

export interface StartedMail {
  readonly type: string
  readonly args: readonly SendPasswordMailInput[]
}

/** Stands in for Temporal: it remembers what was started. */
export function recordingTemporal(): { readonly started: StartedMail[]; readonly temporal: Platform['temporal'] } {
  const started: StartedMail[] = []
  const temporal = {
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
    workflow: {
      start: async (type: string, { args }: Pick<StartedMail, 'args'>) => void started.push({ type, args }),
    },
  }
  return { started, temporal: temporal as unknown as Platform['temporal'] }
}

/** Mails a link into `<dataDir>/outbox`. */
export const mailInto = (
  { db, keys }: Pick<SignInParts, 'db' | 'keys'>,
  environment: Readonly<Record<string, string>> & { readonly CDSA_DATA_DIR: string },
) => createMailPasswordLink({ db, keys, config: parseConfig(environment) })
