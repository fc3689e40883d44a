// The types of install-packages.mjs, which itself must run before there is a TypeScript loader.
// Only what TypeScript code calls stands here.

export function packagesAreCurrent(root: string): boolean
