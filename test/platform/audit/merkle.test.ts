// The tree on the published vectors, then on every pair of sizes up to 256, and against changed proofs.
import { expect } from 'chai'
import { consistencyProof, inclusionProof, leafHash, nodeHash, rootOf } from '../../../platform/audit/merkle.ts'
import { verifyConsistency, verifyInclusion } from '../../../platform/audit/verify-proof.ts'
import { levelsOf, readHashOf } from './hash-levels.ts'

const hex = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'))

/** The eight leaves and the roots of the reference implementation of RFC 6962 (Certificate Transparency). */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const [n01, n23, n0123] = [
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
]
const leaf1 = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'
const leaf4 = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b'
const n67 = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0'
const n45 = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a'
const n4567 = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'

const paths: readonly (readonly [index: number, size: number, hashes: string[]])[] = [
  [0, 1, []],
  [0, 8, [leaf1, n23, n4567]],
  [5, 8, [leaf4, n67, n0123]],
  [2, 3, [n01]],
  [1, 5, ['6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', n23, leaf4]],
]
const consistencies: readonly (readonly [from: number, to: number, hashes: string[]])[] = [
  [1, 1, []],
  [1, 8, [leaf1, n23, n4567]],
  [6, 8, [n45, n67, n0123]],
  [2, 5, [n23, leaf4]],
]

describe('the Merkle tree', () => {
  describe('of the published vectors', () => {
    const hashes = leaves.map((leaf) => leafHash(Buffer.from(leaf, 'hex')))
    const readHash = readHashOf(levelsOf(hashes))

    it('[A8] has the roots of RFC 6962’s reference implementation', async () => {
      for (const [size, root] of roots.entries())
        expect((await rootOf(size, readHash)).toString('hex'), `size ${size}`).to.equal(root)
    })

    it('[A8] has its inclusion proofs, and they verify', async () => {
      for (const [index, size, expected] of paths) {
        const proof = await inclusionProof(index, size, readHash)
        expect(hex(proof), `${index} in ${size}`).to.deep.equal(expected)
        const claim = { leafHash: hashes[index] ?? Buffer.alloc(0), index, size, hashes: proof }
        expect(verifyInclusion({ ...claim, root: Buffer.from(roots[size] ?? '', 'hex') })).to.equal(true)
      }
    })

    it('[A8] has its consistency proofs, and they verify', async () => {
      for (const [from, to, expected] of consistencies) {
        const proof = await consistencyProof(from, to, readHash)
        expect(hex(proof), `${from} to ${to}`).to.deep.equal(expected)
        const [fromRoot, toRoot] = [Buffer.from(roots[from] ?? '', 'hex'), Buffer.from(roots[to] ?? '', 'hex')]
        expect(verifyConsistency({ from, to, fromRoot, toRoot, hashes: proof })).to.equal(true)
      }
    })
  })

  describe('of up to 256 leaves', () => {
    const most = 256
    const hashes = Array.from({ length: most }, (_, index) => leafHash(Buffer.from(`leaf ${index}`)))
    const readHash = readHashOf(levelsOf(hashes))
    const computed: Buffer[] = []
    before(async () => {
      for (let size = 0; size <= most; size += 1) computed.push(await rootOf(size, readHash))
    })
    const rootAt = (size: number): Buffer => computed[size] ?? Buffer.alloc(0)
    const hashAt = (index: number): Buffer => hashes[index] ?? Buffer.alloc(0)

    /** The definition of RFC 6962 2.1, word for word and as slow. */
    function defined(part: readonly Buffer[]): Buffer {
      const [only] = part
      if (part.length === 1 && only !== undefined) return only
      let split = 1
      while (split * 2 < part.length) split *= 2
      return nodeHash(defined(part.slice(0, split)), defined(part.slice(split)))
    }

    /** The hashes without one of them; a proof of none gets one too many. */
    const withoutOne = (proof: readonly Buffer[], at: number): Buffer[] =>
      proof.length === 0 ? [rootAt(0)] : proof.toSpliced(at % proof.length, 1)

    it('[A9] has the roots of the definition', () => {
      for (let size = 1; size <= most; size += 1)
        expect(rootAt(size).equals(defined(hashes.slice(0, size))), `size ${size}`).to.equal(true)
    })

    it('[A9] proves every leaf in every size, and no other leaf, place, size or root', async () => {
      for (let size = 1; size <= most; size += 1) {
        for (let index = 0; index < size; index += 1) {
          const proof = await inclusionProof(index, size, readHash)
          const claim = { leafHash: hashAt(index), index, size, hashes: proof, root: rootAt(size) }
          const what = `${index} in ${size}`
          if (!verifyInclusion(claim)) expect.fail(what)
          if ((index + size) % 8 !== 0) continue
          const wrong = [
            { ...claim, root: rootAt(size - 1) },
            { ...claim, index: index === 0 ? size : index - 1 },
            size % 2 === 0 ? { ...claim, leafHash: rootAt(0) } : { ...claim, hashes: withoutOne(proof, index) },
          ]
          if (wrong.some(verifyInclusion)) expect.fail(`${what}: a wrong claim passes`)
        }
      }
    }).timeout(60_000)

    it('[A9] proves that every size continues every smaller one, and no other tree', async () => {
      for (let to = 1; to <= most; to += 1) {
        for (let from = 1; from <= to; from += 1) {
          const proof = await consistencyProof(from, to, readHash)
          const claim = { from, to, fromRoot: rootAt(from), toRoot: rootAt(to), hashes: proof }
          const what = `${from} to ${to}`
          if (!verifyConsistency(claim)) expect.fail(what)
          if ((from + to) % 8 !== 0) continue
          const wrong = [
            from % 2 === 0 ? { ...claim, fromRoot: rootAt(0) } : { ...claim, toRoot: rootAt(0) },
            { ...claim, hashes: withoutOne(proof, from) },
          ]
          if (wrong.some(verifyConsistency)) expect.fail(`${what}: a wrong claim passes`)
        }
      }
    }).timeout(60_000)

    it('refuses proofs that can’t exist', async () => {
      const failures = await Promise.allSettled([
        inclusionProof(8, 8, readHash),
        inclusionProof(-1, 8, readHash),
        consistencyProof(0, 8, readHash),
        consistencyProof(9, 8, readHash),
      ])
      for (const failure of failures)
        expect(failure).to.include({ status: 'rejected' }).and.to.have.property('reason').instanceOf(RangeError)
    })
  })
})
