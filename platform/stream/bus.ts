// The seam of publish/subscribe between processes: small hints such as “this document changed” or “cancel this turn”.
// Delivery isn't guaranteed: every subscriber must also be right, only later, without the message.

export interface Bus {
  publish(channel: string, message: unknown): Promise<void>
  /** Resolves once subscribed; the handler gets each message parsed anew. One handler that throws doesn't stop the others. */
  subscribe(channel: string, handler: (message: unknown) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

export const documentChannel = (documentId: string): string => `document:${documentId}`
export const turnCancelChannel = (turnId: string): string => `turn-cancel:${turnId}`
export const executionChannel = (executionId: string): string => `tool-execution:${executionId}`
export const notificationChannel = (userId: string): string => `notifications:${userId}`
