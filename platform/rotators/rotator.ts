// What a rotator is: one kind of target, and the few effects that a rotation has on it. Each effect may be repeated, and
// none assumes what an earlier one did: only a probe tells which value the target takes.
import type { Socket } from 'node:net'
import type { SigningKeyStages } from '../signing-key-stages.ts'

/** `unreachable` is everything but the target's own word: a timeout, a refused connection, a server that is starting. */
export type ProbeResult = 'works' | 'refused' | 'unreachable'

/** A connected socket to a host that the configuration of a user names. Throws when it may not be reached, or isn't. */
export type Connect = (target: {
  readonly host: string
  readonly port: number
  readonly tls?: boolean | { readonly ca: string }
  readonly signal: AbortSignal
}) => Promise<Socket>

/** A POST to an address that the configuration of a user names. Throws when it may not be reached, or isn't. */
export type Post = (
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly body: string }>

export interface RotatorDependencies {
  readonly connect: Connect
  readonly post: Post
  /** The platform's own target. */
  readonly signingKeys: SigningKeyStages
  /** Names the secret to the target, for its logs and for finding what earlier rotations left open. */
  readonly secretId: string
  readonly rotationId: string
  /** The value of the one secret that the configuration refers to; of no use to `random` and `jwt-signing-key`. */
  readonly credential: string
  readonly signal: AbortSignal
}

export interface Rotator {
  /**
   * `alternating`: the current value goes on working until it is revoked. `single-user`: the target takes one value
   * at a time, so that it changes for everybody when it is set.
   */
  readonly kind: 'alternating' | 'single-user'
  /** Throws `rotation.preflight_failed` or `rotation.unsupported_target`, having changed nothing. */
  preflight(values: { readonly current: string }): Promise<void>
  /** A new value, which no target takes yet. Where it is made outside, a repeat for the same rotation finds it. */
  generate(values: { readonly current: string }): Promise<string>
  /**
   * Makes the target take `pending`; no effect when it does already. `confirm` is asked when the connection stands and
   * nothing has been written, and throws when this rotation may no longer write: with `fence`, a writer that was held
   * up meanwhile has either been cut off, or is refused there.
   */
  set(values: {
    readonly current: string
    readonly pending: string
    readonly confirm: () => Promise<void>
  }): Promise<void>
  /** Cuts off connections of this secret's earlier writers, so that nothing of theirs lands any more. */
  fence(): Promise<void>
  probe(value: string): Promise<ProbeResult>
  /** Logs in with `pending`, and finds that it may do what `current` may. Throws `rotation.test_failed` otherwise. */
  test(values: { readonly current: string; readonly pending: string }): Promise<void>
  /** Makes the target refuse `old` and proves that it does. Throws `rotation.not_revoked` when it doesn't. */
  revoke(values: { readonly old: string; readonly current: string }): Promise<void>
}
