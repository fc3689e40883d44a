// What stands in the place of a Temporal payload that claims to be ours and isn't: a value, because a codec that threw
// would hold up its workflow for good. Validators of Updates reject it, handlers of Signals ignore it.

export interface RefusedPayload {
  /** Why, for whoever reads the history. */
  readonly $refused: string
}

export const refusedPayload = (reason: string): RefusedPayload => ({ $refused: reason })

/** True for what decoding put in the place of a payload that it couldn't authenticate. Whoever sends one in the clear is refused alike. */
export const isRefused = (value: unknown): value is RefusedPayload =>
  typeof value === 'object' && value !== null && '$refused' in value
