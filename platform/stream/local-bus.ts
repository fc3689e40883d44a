// The bus in memory, for the case that API and worker share one process.
// Messages pass through JSON and arrive after `publish` has returned, as they do over Redis.
import type { Logger } from '../logger.ts'
import type { Bus } from './bus.ts'
import { deliverMessage, encodeMessage } from './bus-message.ts'

interface Subscription {
  readonly handler: (message: unknown) => void
}

export function createLocalBus({ log }: { readonly log: Logger }): Bus {
  const channels = new Map<string, Set<Subscription>>()

  const deliver = (channel: string, payload: string): void => {
    for (const { handler } of channels.get(channel) ?? []) deliverMessage({ payload, handler, log })
  }

  return {
    publish: async (channel, message) => {
      const payload = encodeMessage(message)
      queueMicrotask(() => deliver(channel, payload))
    },
    subscribe: async (channel, handler) => {
      const subscription: Subscription = { handler }
      const subscriptions = channels.get(channel) ?? new Set()
      channels.set(channel, subscriptions.add(subscription))
      return async () => {
        subscriptions.delete(subscription)
        if (subscriptions.size === 0 && channels.get(channel) === subscriptions) channels.delete(channel)
      }
    },
    close: async () => channels.clear(),
  }
}
