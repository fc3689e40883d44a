// Uploads on a whole platform, and what their owner is told of them: on the stream, and in the list.
import { expect } from 'chai'
import { signUp } from '../support/api-client.ts'
import { eventually } from '../support/eventually.ts'
import { followDocumentToEnd } from '../support/follow.ts'
import { followNotifications } from '../support/notification-apis.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

describe('notifications of documents', function () {
  this.timeout(120_000)

  it('tell the owner on the stream that one is indexed and another has failed, and nobody else', async () => {
    const { apiUrl } = (await sharedPlatform()).run
    const [client, stranger] = [await signUp(apiUrl), await signUp(apiUrl)]
    const streams = [await followNotifications(client), await followNotifications(stranger)] as const
    const good = await client.upload({ filename: 'tide.txt', bytes: Buffer.from('High water is at noon.') })
    const bad = await client.upload({ filename: 'blank.txt', bytes: Buffer.from(' \n\t ') })
    await eventually('both have ended', () => streams[0].seen.length >= 2, 60_000)
    expect(streams[0].seen.map(({ kind, title }) => `${kind} ${title}`)).to.have.members([
      'document.indexed “tide.txt” is indexed',
      'document.failed “blank.txt” couldn’t be indexed',
    ])
    const { data, unreadCount } = (await client.get('/notifications?unread=true')).body as {
      data: { kind: string; body: string; data: Record<string, unknown> }[]
      unreadCount: number
    }
    expect(unreadCount).to.equal(2)
    const of = (kind: string) => data.find((notification) => notification.kind === kind)
    expect(of('document.indexed')?.data['documentId']).to.equal(good.body['document'].id)
    expect(of('document.failed')?.data).to.include({
      documentId: bad.body['document'].id,
      problemCode: 'document.no_text',
    })
    const [first] = streams[0].seen
    streams[0].close()
    const again = await client.post(`/documents/${good.body['document'].id}/reindex`)
    expect(again.status).to.equal(202)
    await followDocumentToEnd(client, good.body['document'].id)
    const resumed = await followNotifications(client, first?.id)
    await eventually('the rest', () => resumed.seen.length >= 2)
    expect(resumed.seen.map(({ id }) => id)).to.deep.equal(['1-2', '1-3'])
    expect(resumed.seen[1]?.kind).to.equal('document.indexed')
    resumed.close()
    expect(streams[1].seen).to.deep.equal([])
    streams[1].close()
  })
})
