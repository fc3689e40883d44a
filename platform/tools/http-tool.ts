// Runs tools of kind `http`: the request is the stored configuration's, filled with the arguments; secrets are opened from
// what is stored, before any argument is near it, and only for the one origin that it names.
import { type RenderedRequest, httpToolConfigSchema, render } from '../../domain/tools/http-template.ts'
import { AppError } from '../../domain/errors.ts'
import type { EgressSecret } from '../egress/egress-secret.ts'
import type { Egress } from '../egress/guarded-fetch.ts'
import { idempotencyHeader } from './http-request.ts'
import { httpLimits, toHttpResult } from './http-result.ts'
import type { ToolCallContext, ToolRunner } from './tool-runner.ts'

/** The origin as the configuration holds it: there is no placeholder in it. */
const originOf = ({ url }: RenderedRequest): string => new URL(url).origin

async function openSecrets(request: RenderedRequest, call: ToolCallContext): Promise<EgressSecret[]> {
  const origin = originOf(request)
  const opened: EgressSecret[] = []
  for (const [header, reference] of Object.entries(request.secretHeaders)) {
    const secret = await call.resolveSecret(reference, origin)
    opened.push({ header, value: secret.reveal(), destinations: [origin] })
    secret.zero()
  }
  return opened
}

/** Answers an HttpResult; a status of 4xx or 5xx is one, too. */
export const createHttpTool =
  ({ egress }: { readonly egress: Pick<Egress, 'fetch'> }): ToolRunner =>
  async (args, call) => {
    call.signal.throwIfAborted()
    const config = httpToolConfigSchema.safeParse(call.config)
    if (!config.success) throw new AppError('tool.failed', { detail: 'The tool’s stored configuration isn’t valid.' })
    const request = render(config.data, args)
    const secrets = await openSecrets(request, call)
    const own = Object.keys({ ...request.headers, ...request.secretHeaders }).map((name) => name.toLowerCase())
    const answer = await egress.fetch(request.url, {
      ...httpLimits,
      method: request.method,
      headers: {
        ...(own.includes('idempotency-key') ? {} : idempotencyHeader(request.method, call)),
        ...request.headers,
      },
      signal: call.signal,
      secrets,
      ...(request.body !== undefined && { body: request.body }),
    })
    return toHttpResult(answer)
  }
