// The verifier against the example of RFC 7677: its keys must give the proof and the signature that stand there.
import { createHash, createHmac } from 'node:crypto'
import { expect } from 'chai'
import { scramKeys, scramVerifier } from '../../../platform/rotators/scram-verifier.ts'

const example = {
  password: 'pencil',
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  iterations: 4_096,
  nonce: 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}

describe('the SCRAM verifier', () => {
  it('has the keys that RFC 7677’s example is made with', () => {
    const { password, salt, iterations, nonce, proof, signature } = example
    const { storedKey, serverKey } = scramKeys(password, { salt: Buffer.from(salt, 'base64'), iterations })
    const message = ['n=user,r=rOprNGfwEbeRWgbNEkqO', `r=${nonce},s=${salt},i=${iterations}`, `c=biws,r=${nonce}`].join(
      ',',
    )
    expect(createHmac('sha256', serverKey).update(message).digest('base64')).to.equal(signature)
    // The client proves that it knows what hashes to the stored key: proof XOR signature is that key.
    const clientSignature = createHmac('sha256', storedKey).update(message).digest()
    const clientKey = Buffer.from(proof, 'base64').map((byte, index) => byte ^ (clientSignature[index] ?? 0))
    expect(createHash('sha256').update(clientKey).digest().equals(storedKey)).to.equal(true)
  })

  it('is written as Postgres reads it, with a salt of its own each time', () => {
    const verifier = scramVerifier('pencil')
    expect(verifier).to.match(/^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/)
    expect(scramVerifier('pencil')).not.to.equal(verifier)
  })
})
