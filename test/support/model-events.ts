// What tests of language models do with one answer: gather its events, join its text, take its failure.
import { AppError } from '../../domain/errors.ts'
import type { LanguageModel, ModelEvent, ModelRequest } from '../../platform/llm/language-model.ts'

export async function gatherEvents(model: LanguageModel, request: ModelRequest): Promise<ModelEvent[]> {
  const events: ModelEvent[] = []
  for await (const event of model.stream(request, { signal: new AbortController().signal })) events.push(event)
  return events
}

export const joinText = (events: readonly ModelEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')

/** The AppError that the work ends with; anything else fails the test. */
export async function appErrorOf(work: Promise<unknown>): Promise<AppError> {
  const failure = await work.catch((thrown: unknown) => thrown)
  if (!(failure instanceof AppError)) throw new Error(`expected an AppError, got ${String(failure)}`)
  return failure
}
