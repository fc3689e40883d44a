// Reads what the Ollama SDK and our `fetch` under it throw into what every driver's failures are judged by.
import { AppError } from '../../../domain/errors.ts'
import {
  cutOffAnswer,
  type ProviderAdvice,
  toProviderError,
  unreachableProvider,
  unreadableAnswer,
} from '../provider-errors.ts'
import { OllamaFailure } from './ollama-client.ts'

const advice: ProviderAdvice = {
  keyVariable: 'OLLAMA_API_KEY',
  unknownModel: 'fetch it with `ollama pull`, or check the model’s name and OLLAMA_HOST',
}

/** The AppError `llm.*` for anything that a call to Ollama threw. */
export function toOllamaError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof SyntaxError) return unreadableAnswer()
  if (error instanceof OllamaFailure) {
    const { status, headers, message } = error
    return toProviderError({ status, headers, code: '', message }, advice)
  }
  // `fetch` fails with a TypeError, its aborts are DOMExceptions; a plain Error is the SDK's, for an answer without an end.
  return error instanceof Error && error.constructor === Error ? cutOffAnswer() : unreachableProvider()
}
