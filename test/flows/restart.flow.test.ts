// Stop, start again, read the same chat and document; and the same after SIGKILL of the supervisor itself.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createApiClient, signUp } from '../support/api-client.ts'
import { makeHandbookPdf } from '../support/documents.ts'
import { followDocumentToEnd, followToEnd } from '../support/follow.ts'
import { dropPlatformDatabase } from '../support/platform-database.ts'
import { type PlatformProcess, startPlatformProcess } from '../support/platform-process.ts'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('starting again', function () {
  this.timeout(240_000)
  let dataDir: string
  let running: PlatformProcess | undefined

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-restart-'))
  })
  after(async () => {
    await running?.stop()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10 })
    await dropPlatformDatabase(process.env, dataDir)
  })

  it('finds all data after a stop, and after SIGKILL of the supervisor', async () => {
    running = await startPlatformProcess({ dataDir })
    const client = await signUp(running.run.apiUrl)
    const uploaded = await client.upload({ filename: 'handbook.pdf', bytes: await makeHandbookPdf() })
    const documentId = uploaded.body['document'].id
    await followDocumentToEnd(client, documentId)
    const chatId = (await client.post('/chats', { documentIds: [documentId] })).body['chat'].id
    const turn = await client.post(`/chats/${chatId}/turns`, { content: 'Who founded the Trust?' })
    await followToEnd(client, turn.body['eventsUrl'])
    const read = async (apiUrl: string) => {
      const again = createApiClient(apiUrl, client.token)
      return {
        messages: (await again.get(`/chats/${chatId}/messages`)).body['data'],
        document: (await again.get(`/documents/${documentId}`)).body['document'],
        found: (await again.post('/search', { query: 'Who founded the Trust?', k: 3 })).body['results'],
      }
    }
    const before = await read(running.run.apiUrl)
    expect(before.messages).to.have.length(2)

    await running.stop()
    running = await startPlatformProcess({ dataDir })
    expect(await read(running.run.apiUrl)).to.deep.equal(before)

    const old = Object.values(running.run.processes).filter((pid) => pid !== null)
    running.kill('SIGKILL')
    await running.exited
    running = await startPlatformProcess({ dataDir })
    expect(await read(running.run.apiUrl)).to.deep.equal(before)
    expect(old.filter((pid) => isAlive(pid))).to.deep.equal([])
    const after = await followToEnd(createApiClient(running.run.apiUrl, client.token), turn.body['eventsUrl'])
    expect(after.at(-1)?.event).to.equal('turn.completed')
    expect(after.at(-1)?.data['message'].content).to.equal(before.messages[0].content)
  })
})
