// A second reading of the proof forms, as somebody outside would write it from the contract and the RFCs alone. It imports
// nothing of the project and goes other ways where there are any: roots by recursion, signatures by JWK.
import { createHash, createPublicKey, verify } from 'node:crypto'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const base64 = (text: string): Buffer => Buffer.from(text, 'base64')
const node = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right)

/** RFC 8785. */
function jcs(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(jcs).join()}]`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${jcs(value[name] ?? null)}`).join()}}`
}

const hashOfLeaf = (leaf: Json): Buffer => sha256(Buffer.of(0), Buffer.from(jcs(leaf)))

/** The largest power of two below `size`. */
const split = (size: number): number => 1 << (31 - Math.clz32(size - 1))

/** RFC 6962 2.1. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves
  if (only === undefined) return sha256()
  if (leaves.length === 1) return only
  const at = split(leaves.length)
  return node(treeHash(leaves.slice(0, at)), treeHash(leaves.slice(at)))
}

/** RFC 6962 2.1.1, undone: the root that the leaf and its path make. */
function rootFromPath(path: { leaf: Buffer; index: number; size: number; hashes: Buffer[] }): Buffer {
  const { leaf, index, size, hashes } = path
  if (size === 1) {
    if (hashes.length > 0) throw new Error('the path is too long')
    return leaf
  }
  const sibling = hashes.at(-1)
  if (sibling === undefined) throw new Error('the path is too short')
  const [at, rest] = [split(size), hashes.slice(0, -1)]
  return index < at
    ? node(rootFromPath({ leaf, index, size: at, hashes: rest }), sibling)
    : node(sibling, rootFromPath({ leaf, index: index - at, size: size - at, hashes: rest }))
}

/** RFC 6962 2.1.2, undone: the old and the new root. `whole`: the old tree is a subtree of the new one. */
function rootsFromProof(proof: { from: number; to: number; hashes: Buffer[]; old: Buffer; whole: boolean }): Buffer[] {
  const { from, to, hashes, old, whole } = proof
  if (from === to) {
    const own = whole ? old : hashes[0]
    if (own === undefined || hashes.length !== (whole ? 0 : 1)) throw new Error('the proof has another length')
    return [own, own]
  }
  const last = hashes.at(-1)
  if (last === undefined) throw new Error('the proof is too short')
  const [at, rest] = [split(to), hashes.slice(0, -1)]
  if (from <= at) {
    const [oldRoot = old, newRoot = old] = rootsFromProof({ from, to: at, hashes: rest, old, whole })
    return [oldRoot, node(newRoot, last)]
  }
  const inner = rootsFromProof({ from: from - at, to: to - at, hashes: rest, old, whole: false })
  return inner.map((root) => node(last, root))
}

export interface OutsideKey {
  readonly origin: string
  readonly keyId: string
  readonly algorithm: string
  readonly publicKey: string
}

/** Size and root of a note that one of the keys has signed; throws for any other. */
function openNote(note: string, keys: readonly OutsideKey[]): { size: number; root: Buffer } {
  const [signed = '', signatures = ''] = note.split(/(?<=\n)\n/)
  const [origin, size, root, end, ...more] = signed.split('\n')
  if (origin === undefined || size === undefined || root === undefined || end !== '' || more.length > 0)
    throw new Error('the note has another form')
  const [, name, blob = ''] = /^— (\S+) (\S+)\n$/.exec(signatures) ?? []
  const key = keys.find((one) => one.origin === origin && one.keyId === base64(blob).subarray(0, 4).toString('hex'))
  if (name !== origin || key === undefined || key.algorithm !== 'Ed25519') throw new Error('nobody known signed it')
  const keyId = sha256(Buffer.from(origin), Buffer.of(0x0a, 0x01), base64(key.publicKey)).subarray(0, 4)
  if (keyId.toString('hex') !== key.keyId) throw new Error('the key id isn’t the key’s')
  const x = base64(key.publicKey).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  if (!verify(null, Buffer.from(signed), publicKey, base64(blob).subarray(4))) throw new Error('the signature is wrong')
  return { size: Number(size), root: base64(root) }
}

interface Entry {
  leafIndex: number
  leafHash: string
  leaf: { [name: string]: Json } | null
  disclosures: { name: string; salt: string; value: Json }[]
}

function checkEntry({ leaf, leafHash, disclosures }: Entry): void {
  if (leaf !== null && !hashOfLeaf(leaf).equals(base64(leafHash))) throw new Error('the leaf hash is another one')
  const personal = (leaf?.['personal'] ?? {}) as Record<string, string>
  for (const { name, salt, value } of disclosures) {
    if (base64(salt).length !== 32) throw new Error('the salt has another length')
    if (sha256(base64(salt), Buffer.from(jcs(value))).toString('base64') !== personal[name])
      throw new Error(`“${name}” isn’t what was committed to`)
  }
}

interface InclusionAnswer extends Entry {
  eventId: string
  treeSize: number
  hashes: string[]
  checkpoint: string
}

/** Throws unless the answer proves that its event is in the log that the keys sign. */
export function checkInclusion(answer: unknown, keys: readonly OutsideKey[]): void {
  const proof = answer as InclusionAnswer
  const { size, root } = openNote(proof.checkpoint, keys)
  if (size !== proof.treeSize || proof.leaf?.['id'] !== proof.eventId) throw new Error('it is about something else')
  checkEntry(proof)
  const path = { leaf: base64(proof.leafHash), index: proof.leafIndex, size, hashes: proof.hashes.map(base64) }
  if (!rootFromPath(path).equals(root)) throw new Error('the path leads to another root')
}

/** Throws unless the answer proves that its second checkpoint continues its first one. */
export function checkConsistency(answer: unknown, keys: readonly OutsideKey[]): void {
  const proof = answer as { from: number; to: number; hashes: string[]; fromCheckpoint: string; toCheckpoint: string }
  const [first, second] = [openNote(proof.fromCheckpoint, keys), openNote(proof.toCheckpoint, keys)]
  if (first.size !== proof.from || second.size !== proof.to) throw new Error('it is about something else')
  const hashes = proof.hashes.map(base64)
  const [old, whole] = rootsFromProof({ from: first.size, to: second.size, hashes, old: first.root, whole: true })
  if (old?.equals(first.root) !== true || whole?.equals(second.root) !== true) throw new Error('the roots are others')
}

/** The entries of an export that is what the keys have signed; throws for any other, and for content that was dropped. */
export function checkExport(text: string, keys: readonly OutsideKey[]): Entry[] {
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error('the last line isn’t ended')
  const { checkpoint } = JSON.parse(lines.pop() ?? '') as { checkpoint: string }
  const { size, root } = openNote(checkpoint, keys)
  const entries = lines.map((line) => JSON.parse(line) as Entry)
  entries.forEach(checkEntry)
  if (entries.some(({ leaf }) => leaf === null)) throw new Error('an entry has no content')
  if (entries.length !== size || entries.some(({ leafIndex }, index) => leafIndex !== index))
    throw new Error('entries are missing or out of order')
  if (!treeHash(entries.map(({ leafHash }) => base64(leafHash))).equals(root))
    throw new Error('the root is another one')
  return entries
}
