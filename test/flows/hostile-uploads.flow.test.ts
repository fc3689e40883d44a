// Hostile and broken uploads: each gets a clear problem, at once or as the document's own, and leaves nothing half done.
import { expect } from 'chai'
import { signUp } from '../support/api-client.ts'
import { type HostileUpload, makeHostileUploads } from '../support/documents.ts'
import { followDocumentToEnd } from '../support/follow.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

const expectedStatus = ({ expected }: HostileUpload): number =>
  expected.startsWith('rejected ') ? Number(expected.split(' ')[1]) : 202

describe('hostile uploads', function () {
  this.timeout(300_000)

  it('end in a problem that says what is wrong, and the platform goes on', async () => {
    const client = await signUp((await sharedPlatform()).run.apiUrl)
    const uploads = await makeHostileUploads()
    expect(uploads.length).to.be.greaterThan(9)
    for (const upload of uploads) {
      const { status, body } = await client.upload({ filename: upload.filename, bytes: upload.bytes })
      expect(status, `${upload.name}: ${JSON.stringify(body)}`).to.equal(expectedStatus(upload))
      if (status !== 202) {
        expect(upload.expected, upload.name).to.equal(`rejected ${status} ${body['code']}`)
        expect(body['detail'], upload.name).to.be.a('string')
        continue
      }
      const { event, data } = await followDocumentToEnd(client, body['document'].id)
      expect(event, upload.name).to.equal('document.failed')
      expect(`failed ${data['document'].problem.code}`, upload.name).to.equal(upload.expected)
      expect(data['document'].problem.detail, upload.name).to.be.a('string')
      expect((await client.get(`/documents/${body['document'].id}/chunks`)).body['data'], upload.name).to.deep.equal([])
    }
    const failed = (await client.get('/documents?limit=100')).body['data']
    expect(failed.every(({ status }: { status: string }) => status === 'failed')).to.equal(true)
    const fine = await client.upload({ filename: 'fine.txt', bytes: Buffer.from('All is well after that.') })
    expect((await followDocumentToEnd(client, fine.body['document'].id)).event).to.equal('document.indexed')
  })

  it('reads a failed document again when asked, and says why it fails still', async () => {
    const client = await signUp((await sharedPlatform()).run.apiUrl)
    const uploads = await makeHostileUploads()
    const broken = uploads.find(({ expected }) => expected === 'failed document.broken')
    const { body } = await client.upload({ filename: broken?.filename ?? '', bytes: broken?.bytes ?? Buffer.alloc(0) })
    const id = body['document'].id
    expect((await followDocumentToEnd(client, id)).event).to.equal('document.failed')
    const again = await client.post(`/documents/${id}/reindex`)
    expect(again.status).to.equal(202)
    expect(again.body['document'].problem).to.equal(null)
    expect((await followDocumentToEnd(client, id)).data['document'].problem.code).to.equal('document.broken')
  })
})
