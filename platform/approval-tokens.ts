// What carries a decision into Temporal, whose port anybody inside may reach: a signed statement of one account about one
// approval, for five minutes, that counts once. It grants nothing by itself: eligibility is looked up when it is used.
import { randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import { defaultTokenTimes } from '../domain/auth/token-times.ts'
import { AppError } from '../domain/errors.ts'
import type { SigningKeys } from './signing-keys.ts'

const issuer = 'cdsa'
const tokenType = 'approval+jwt'
/** No longer than an access token: a signing key is retired when those are over. */
const longestSeconds = 300
const maxTokenLength = 16_384
const maxReason = 2_000

const actSchema = z.discriminatedUnion('act', [
  z.object({
    act: z.literal('approve'),
    argumentsHash: z.string(),
    /** Other arguments, which lie in the database: a token stays short. */
    editId: z.uuid().optional(),
    reason: z.string().max(maxReason).optional(),
  }),
  z.object({ act: z.literal('deny'), argumentsHash: z.string(), reason: z.string().max(maxReason).optional() }),
  z.object({ act: z.literal('delegate'), to: z.uuid() }),
])
/** What the account wants: to approve or deny what it has read, or to have somebody stand in. */
export type ApprovalAct = z.infer<typeof actSchema>

const claimsSchema = z.intersection(
  z.object({
    iss: z.literal(issuer),
    aud: z.string(),
    sub: z.uuid(),
    sid: z.uuid(),
    jti: z.uuid(),
    rid: z.string().optional(),
  }),
  actSchema,
)

export interface ApprovalStatement {
  readonly approvalId: string
  readonly userId: string
  /** In which they were signed in; it must be good when the token is used. */
  readonly sessionId: string
  readonly act: ApprovalAct
  /** The request that it serves at once; a token that somebody takes away serves none. */
  readonly requestId?: string | undefined
}

export interface VerifiedStatement extends ApprovalStatement {
  /** Counts once. */
  readonly tokenId: string
}

const refused = (): AppError => new AppError('approval.token_invalid')

export type ApprovalTokens = ReturnType<typeof createApprovalTokens>

export function createApprovalTokens(
  signingKeys: Pick<SigningKeys, 'current' | 'publicKey'>,
  { accessTokenSeconds } = defaultTokenTimes,
) {
  const expiresInSeconds = Math.min(longestSeconds, accessTokenSeconds)
  return {
    expiresInSeconds,

    async mint({ approvalId, userId, sessionId, act, requestId: rid }: ApprovalStatement): Promise<string> {
      const { kid, privateKey } = await signingKeys.current()
      return jwt.sign({ sid: sessionId, ...act, ...(rid !== undefined && { rid }) }, privateKey, {
        algorithm: 'ES256',
        header: { alg: 'ES256', kid, typ: tokenType },
        issuer,
        audience: `approval:${approvalId}`,
        subject: userId,
        jwtid: randomUUID(),
        expiresIn: expiresInSeconds,
      })
    },

    /** Throws `approval.token_invalid` for anything but an unexpired token of ours about this approval. */
    async verify(token: unknown, approvalId: string): Promise<VerifiedStatement> {
      if (typeof token !== 'string' || token.length > maxTokenLength) throw refused()
      const header = jwt.decode(token, { complete: true })?.header
      if (header?.typ !== tokenType || header.alg !== 'ES256' || typeof header.kid !== 'string') throw refused()
      const key = await signingKeys.publicKey(header.kid)
      if (key === undefined) throw refused()
      const claims = claimsSchema.safeParse(claimsOf(token, key, approvalId)).data
      if (claims === undefined) throw refused()
      const { sub: userId, sid: sessionId, jti: tokenId, rid: requestId } = claims
      return { approvalId, userId, sessionId, tokenId, requestId, act: actSchema.parse(claims) }
    },
  }
}

function claimsOf(token: string, key: Parameters<typeof jwt.verify>[1], approvalId: string): unknown {
  try {
    return jwt.verify(token, key, { algorithms: ['ES256'], issuer, audience: `approval:${approvalId}` })
  } catch {
    throw refused()
  }
}
