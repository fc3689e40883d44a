// The names of parsers say which version did the work, so they have to follow the packages that are installed.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parserNames } from '../../../platform/parsing/parser-version.ts'

describe('the names of the parsers', () => {
  for (const [kind, name] of Object.entries(parserNames)) {
    const [library = '', version] = name.split('@')
    if (library === 'text') continue
    it(`are true for ${kind}: ${name}; raise parserVersion with it`, () => {
      const path = library === 'liteparse' ? '@llamaindex/liteparse' : library
      const manifest = new URL(`../../../node_modules/${path}/package.json`, import.meta.url)
      expect((JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version).to.equal(version)
    })
  }
})
