// The arguments of an old tool call, for providers that want them back as an object.

/** Empty for what is no JSON object: the call was answered by an error then, so nothing depends on it. */
export function toArgumentsObject(written: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(written)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {}
  } catch {
    return {}
  }
}
