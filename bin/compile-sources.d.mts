// The types of compile-sources.mjs, which itself must run before there is a TypeScript loader.
// Only what TypeScript code calls stands here.

export function compileSources(root: string): Promise<string | undefined>
