// One subscriber connection for a whole process: the first listener of a channel subscribes, the last one unsubscribes.
// Redis keeps no message for a connection that is away, so after each reconnect the listeners are told that some may be lost.
import type { Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import { redisErrorCode } from './redis-connection.ts'

export interface ChannelListener {
  message(payload: string): void
  /** The channel is subscribed again: messages may have been lost until now, none will be from now on. */
  resumed(): void
}

export interface Listening {
  /** Resolves once Redis has confirmed the subscription, however long that takes. Rejects with ioredis' error when Redis refuses it. */
  readonly subscribed: Promise<unknown>
  /** The listener gets nothing more. Safe to call twice. */
  leave(): void
}

export interface RedisChannels {
  listen(channel: string, listener: ChannelListener): Listening
  /** Leaves all channels; the connection stays its owner's. */
  close(): void
}

interface Channel {
  readonly listeners: Set<ChannelListener>
  readonly subscribed: Promise<unknown>
}

export function createRedisChannels({
  subscriber,
  log,
}: {
  readonly subscriber: Redis
  readonly log: Logger
}): RedisChannels {
  const channels = new Map<string, Channel>()

  const onMessage = (name: string, payload: string): void => {
    for (const listener of channels.get(name)?.listeners ?? []) listener.message(payload)
  }
  const subscribeAgain = async (): Promise<void> => {
    const names = [...channels.keys()]
    if (names.length === 0) return
    await subscriber.subscribe(...names)
    for (const name of names) for (const listener of channels.get(name)?.listeners ?? []) listener.resumed()
  }
  const onReady = (): void => {
    subscribeAgain().catch((error: unknown) => {
      log.warn({ err: error, reason: redisErrorCode(error) }, 'couldn’t subscribe again')
    })
  }
  subscriber.on('message', onMessage)
  subscriber.on('ready', onReady)

  const open = (name: string): Channel => {
    const subscribed = subscriber.subscribe(name)
    subscribed.catch((error: unknown) => {
      log.warn({ err: error, reason: redisErrorCode(error) }, 'couldn’t subscribe')
    })
    const channel: Channel = { listeners: new Set(), subscribed }
    channels.set(name, channel)
    return channel
  }
  const abandon = (name: string): void => {
    channels.delete(name)
    // Needs no answer: without the connection there is no subscription either.
    subscriber.unsubscribe(name).catch(() => undefined)
  }

  return {
    listen: (name, listener) => {
      const channel = channels.get(name) ?? open(name)
      channel.listeners.add(listener)
      return {
        subscribed: channel.subscribed,
        leave: () => {
          if (channel.listeners.delete(listener) && channel.listeners.size === 0 && channels.get(name) === channel)
            abandon(name)
        },
      }
    },
    close: () => {
      subscriber.off('message', onMessage)
      subscriber.off('ready', onReady)
      for (const [name, channel] of channels) {
        channel.listeners.clear()
        abandon(name)
      }
    },
  }
}
