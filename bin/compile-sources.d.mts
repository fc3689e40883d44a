// The types of compile-sources.mjs, which runs before there are any packages' types to trust.
// Only what TypeScript code calls stands here.

export function compileSources(root: string): Promise<string | undefined>
