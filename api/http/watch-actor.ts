// Ends what a caller is being sent once they may no longer ask for it: when their session, key or account ends, or their roles
// change. The bus tells at once; it may lose what it tells, so it is looked every few seconds, too.
import { AppError } from '../../domain/errors.ts'
import { channelsOf } from '../../platform/auth/actor-keys.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Platform } from '../../platform/platform.ts'
import type { RequestTrace } from './request-trace.ts'
import { type Route, isGranted } from './route.ts'

const lookMs = 15_000

interface Watched {
  readonly actor: Actor
  readonly route: Route
  readonly trace: RequestTrace
}

/** Resolves to what ends the watch. A look that fails is no reason to end anything: the next one tells. */
export function watchActor(
  { actors, bus }: Pick<Platform, 'actors' | 'bus'>,
  { actor, route, trace }: Watched,
): () => void {
  const look = async (): Promise<void> => {
    const now = await actors.again(actor)
    if (now === undefined || !isGranted(route, now)) trace.abort(new AppError('auth.unauthenticated'))
  }
  const tryToLook = (): void => {
    look().catch((error: unknown) => trace.log.warn({ err: error }, 'it wasn’t seen whether a stream may go on'))
  }
  const subscriptions = channelsOf(actor).map((channel) => bus.subscribe(channel, tryToLook))
  tryToLook()
  const timer = setInterval(tryToLook, lookMs).unref()
  return () => {
    clearInterval(timer)
    for (const subscription of subscriptions) void subscription.then((unsubscribe) => unsubscribe())
  }
}
