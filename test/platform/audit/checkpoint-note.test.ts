// Checkpoint notes: the published note of another log verifies here, and nothing that was changed does.
import { expect } from 'chai'
import {
  NoteError,
  formatCheckpoint,
  formatVerifierKey,
  keyIdOf,
  parseNote,
  parseVerifierKey,
  privateKeyOf,
  publicKeyOf,
  signNote,
  verifyNote,
} from '../../../platform/audit/checkpoint-note.ts'

const origin = 'cdsa.example/log'
const privateKey = privateKeyOf(Buffer.alloc(32, 1))
const key = { origin, publicKey: publicKeyOf(privateKey) }
const root = Buffer.alloc(32, 5)
const note = signNote(formatCheckpoint({ origin, size: 17, root }), { origin, privateKey })

describe('a checkpoint note', () => {
  it('is signed as golang.org/x/mod/sumdb/note signs its own example', () => {
    const name = 'PeterNeumann'
    const verifierKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
    const seed = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1)
    const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    const signature = 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM='
    expect(signNote(text, { origin: name, privateKey: privateKeyOf(seed) })).to.equal(
      `${text}\n— PeterNeumann ${signature}\n`,
    )
    expect(formatVerifierKey({ origin: name, publicKey: publicKeyOf(privateKeyOf(seed)) })).to.equal(verifierKey)
  })

  it('has the published public key and signature of its seed (RFC 8032, test 1)', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
    expect(publicKeyOf(privateKeyOf(seed)).toString('hex')).to.equal(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    )
  })

  it('is the lines of the log, an empty one, and the signature', () => {
    const [first, size, encoded, empty, signature, end] = note.split('\n')
    expect([first, size, encoded, empty, end]).to.deep.equal([origin, '17', root.toString('base64'), '', ''])
    expect(signature).to.match(/^— cdsa\.example\/log [A-Za-z0-9+/]{91}=$/)
    const parsed = verifyNote(note, [key])
    expect(parsed).to.deep.include({ origin, size: 17, root, text: `${origin}\n17\n${root.toString('base64')}\n` })
    expect(parsed.signatures.map(({ keyId }) => keyId)).to.deep.equal([keyIdOf(key).toString('hex')])
  })

  it('doesn’t verify once any byte of it has changed', () => {
    const bytes = Buffer.from(note)
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8))
      expect(() => verifyNote(changed.toString(), [key]), `byte ${index}`).to.throw(NoteError)
    }
  })

  it('counts signatures of strangers for nothing, and needs one of the log’s own key', () => {
    const stranger = { origin: 'witness.example', privateKey: privateKeyOf(Buffer.alloc(32, 2)) }
    const cosigned = note + signNote(formatCheckpoint({ origin, size: 17, root }), stranger).split('\n\n')[1]
    expect(verifyNote(cosigned, [key]).size).to.equal(17)
    const theirs = { origin: stranger.origin, publicKey: publicKeyOf(stranger.privateKey) }
    expect(() => verifyNote(cosigned, [theirs])).to.throw(NoteError, 'No key was given')
    expect(() => verifyNote(note, [{ origin, publicKey: theirs.publicKey }])).to.throw(NoteError, 'isn’t signed by')
    const renamed = { ...stranger, origin }
    const forged = signNote(formatCheckpoint({ origin, size: 99, root }), renamed)
    expect(() => verifyNote(forged, [key])).to.throw(NoteError, 'isn’t signed by')
  })

  it('is refused when it isn’t of the form', () => {
    const line = note.split('\n\n')[1] ?? ''
    const texts = ['', '\n', 'x', note.slice(0, -1), note.replace('\n\n', '\n'), note.replace('\n17\n', '\n017\n')]
    for (const text of [...texts, `${origin}\n17\n\n${line}`, `${note}\r\n`, note.replace('17', '-1'), `\n${note}`])
      expect(() => parseNote(text), JSON.stringify(text)).to.throw(NoteError)
    for (const bad of ['', 'a b', 'a+b', 'a\nb', 'a\u00a0b'])
      expect(() => formatCheckpoint({ origin: bad, size: 1, root }), bad).to.throw(NoteError)
    expect(() => formatCheckpoint({ origin, size: 1.5, root })).to.throw(NoteError)
    expect(() => formatCheckpoint({ origin, size: 1, root: Buffer.alloc(31) })).to.throw(NoteError)
  })

  it('is verified by a key that is written origin+keyid+base64, which names itself', () => {
    const text = formatVerifierKey(key)
    expect(parseVerifierKey(text)).to.deep.equal(key)
    const [name, id, encoded] = text.split('+', 3)
    for (const bad of ['', 'x', `${name}+00000000+${encoded}`, `other+${id}+${encoded}`, text.slice(0, -4), `${text}=`])
      expect(() => parseVerifierKey(bad), bad).to.throw(NoteError)
  })
})
