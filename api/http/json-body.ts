// JSON bodies. Express' parser reads and inflates the bytes within a limit; decoding and parsing are ours, because they
// refuse what that parser lets through: broken UTF-8, other charsets, keys and strings that nothing can store.
import type { IncomingMessage } from 'node:http'
import express, { type Request, type Response } from 'express'
import { AppError } from '../../domain/errors.ts'
import { requireStorableJson } from './storable-text.ts'

export const defaultBodyLimitBytes = 1_048_576

/** True when the request announces a body that isn't empty. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Refuses by its announced length what would be read for nothing. Throws `request.too_large`. */
function requireContentLength(request: IncomingMessage, limitBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes)
}

const tooLarge = (limitBytes: number): AppError =>
  new AppError('request.too_large', { detail: `The body may have at most ${limitBytes} bytes.` })

function requireJson(request: Request): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.get('content-type') ?? '')?.[1]?.toLowerCase()
  if (request.is('application/json') === false) {
    throw new AppError('request.unsupported_media_type', { detail: 'Send the body as application/json.' })
  }
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new AppError('request.unsupported_media_type', { detail: 'JSON is sent in UTF-8.' })
  }
}

function readBytes(request: Request, response: Response, limitBytes: number): Promise<Buffer> {
  const read = express.raw({ type: () => true, limit: limitBytes })
  return new Promise((resolve, reject) => {
    read(request, response, (error?: unknown) => {
      if (error !== undefined) return reject(error)
      const body: unknown = request.body
      return resolve(Buffer.isBuffer(body) ? body : Buffer.alloc(0))
    })
  })
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    // A SyntaxError's message quotes the body: only its position is told.
    const position = error instanceof SyntaxError ? /position (\d+)/.exec(error.message)?.[1] : undefined
    const place = position === undefined ? '' : ` (at position ${position})`
    const fault = error instanceof SyntaxError ? `The body isn’t JSON${place}.` : 'The body isn’t UTF-8.'
    throw new AppError('request.malformed', { detail: fault })
  }
}

/**
 * The parsed body, undefined when there is neither a body nor a type for one. Throws `request.malformed`, `request.invalid` (strings that can't be
 * stored), `request.too_large` and `request.unsupported_media_type`, and what Express' parser raises.
 */
export async function readJsonBody(request: Request, response: Response, limitBytes: number): Promise<unknown> {
  if (!hasBody(request) && request.headers['content-type'] === undefined) return undefined
  if (!hasBody(request))
    throw new AppError('request.malformed', { detail: 'The body is empty: send JSON, or no type.' })
  requireJson(request)
  requireContentLength(request, limitBytes)
  const bytes = await readBytes(request, response, limitBytes)
  const value = parseJson(bytes)
  requireStorableJson(value)
  return value
}
