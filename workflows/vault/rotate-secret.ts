// Rotation: preflight → createPending → setTarget → testPending → finish → grace → revokeOld. What fails before the finish
// is settled by what the target takes; what is in doubt is asked again until it is known. Past the finish nothing stops it.
import {
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  log,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { type StoredProblem, errorRegistry } from '../../domain/errors.ts'
import { problemOf } from '../failure.ts'
import {
  type RotateSecretInput,
  type RotationOutcome,
  type RotationView,
  probeSignalName,
  rotationQueryName,
} from './messages.ts'
import { RotationProgress } from './rotation-progress.ts'

const rotationQuery = defineQuery<RotationView>(rotationQueryName)
const probeSignal = defineSignal(probeSignalName)

const retry = { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' } as const
/** Of the platform's own: an outage lasts as long as it lasts, and a rotation is never left half done for it. */
const own = {
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '30 days',
  heartbeatTimeout: '5 seconds',
  retry,
} as const
const { beginRotation, finishRotation, settleRotation, doubtRotation } = proxyActivities<Activities>(own)
const { createPending } = proxyActivities<Activities>(own)

/** Of the target: what can't reach it for so long is taken back, or falls in doubt. */
const onTarget = ({ targetTimeoutMs }: RotateSecretInput) =>
  proxyActivities<Activities>({
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: targetTimeoutMs,
    heartbeatTimeout: '5 seconds',
    retry,
  })

interface Rotating {
  readonly input: RotateSecretInput
  readonly rotationId: string
  readonly progress: RotationProgress
}

const rolledBack = (problem: StoredProblem): ApplicationFailure =>
  ApplicationFailure.create({ type: problem.code, message: problem.detail ?? problem.title, nonRetryable: true })

const cancelled: StoredProblem = { code: 'rotation.cancelled', title: errorRegistry['rotation.cancelled'].title }
const lost: StoredProblem = { code: 'internal', title: errorRegistry.internal.title }

const problemIn = (error: unknown): StoredProblem =>
  isCancellation(error) ? cancelled : problemOf(error, 'rotation.target_unreachable')

async function goForward({ input, rotationId, progress }: Rotating): Promise<void> {
  const { preflightRotation, setTarget, testPending } = onTarget(input)
  progress.at('preflight')
  await preflightRotation({ rotationId })
  progress.at('creating the new value')
  await createPending({ rotationId })
  progress.at('setting it at the target')
  await setTarget({ rotationId })
  progress.at('testing it')
  await testPending({ rotationId })
}

/** Resolves when the new value is in use at the target; throws when the old one stays. */
async function settle({ input, rotationId, progress }: Rotating, problem: StoredProblem): Promise<void> {
  for (;;) {
    progress.at('finding out which value works')
    const settlement = await settleRotation({ rotationId, problem })
    if (settlement === 'forward') return
    if (settlement === 'back') throw rolledBack(problem)
    await progress.untilNextProbe()
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof rotateSecret>(input)
  }
}

async function revoke({ input, rotationId, progress }: Rotating): Promise<void> {
  for (;;) {
    progress.at('revoking the old value')
    try {
      await onTarget(input).revokeOld({ rotationId })
      return
    } catch (error) {
      log.warn('the old value isn’t revoked yet', { rotationId })
      await doubtRotation({ rotationId, problem: problemIn(error) })
    }
    await progress.untilNextProbe()
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof rotateSecret>(input)
  }
}

async function untilNewValueIsUsed(rotating: Rotating, from: 'start' | 'settle'): Promise<void> {
  if (from === 'settle') return CancellationScope.nonCancellable(() => settle(rotating, lost))
  try {
    await goForward(rotating)
  } catch (error) {
    await CancellationScope.nonCancellable(() => settle(rotating, problemIn(error)))
  }
}

async function complete(rotating: Rotating): Promise<void> {
  const { rotationId, progress } = rotating
  progress.at('making it the current one')
  const { graceMs } = await finishRotation({ rotationId })
  progress.at('grace')
  await sleep(graceMs)
  await revoke(rotating)
  progress.at('completed')
}

/** Fails with the problem's code when the old value stays. */
export async function rotateSecret(input: RotateSecretInput): Promise<RotationOutcome> {
  const progress = new RotationProgress(input.secretId)
  setHandler(rotationQuery, () => progress.view)
  setHandler(probeSignal, () => progress.askForProbe())

  const { secretId, trigger } = input
  const begun = await CancellationScope.nonCancellable(() => beginRotation({ secretId, trigger }))
  if (begun === null) return 'skipped'
  const rotating = { input, rotationId: begun.rotationId, progress }
  progress.at('started', begun.rotationId)
  if (begun.from !== 'grace') await untilNewValueIsUsed(rotating, begun.from)

  await CancellationScope.nonCancellable(() => complete(rotating))
  return 'completed'
}
