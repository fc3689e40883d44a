// Every recorded history replays on today's workflow code: a change that breaks running workflows fails here.
import { readFile, readdir } from 'node:fs/promises'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import { expect } from 'chai'
import { parseConfig } from '../../platform/config.ts'
import { createPlatformKeys, parseKeys } from '../../platform/keys.ts'
import { createLogger } from '../../platform/logger.ts'
import { createDataConverter } from '../../platform/temporal/data-converter.ts'
import { installRuntime } from '../../workers/runtime.ts'
import { loadWorkflowBundle } from '../../workers/workflow-bundle.ts'
import { historyKey } from '../support/history-key.ts'

const folder = new URL('../histories/', import.meta.url)
const dataConverter = createDataConverter({ config: parseConfig({}), keys: createPlatformKeys(parseKeys(historyKey)) })

interface RecordedHistory {
  readonly events: readonly {
    readonly workflowExecutionStartedEventAttributes?: { readonly workflowType: { readonly name: string } }
  }[]
}

async function readHistories(): Promise<{ readonly name: string; readonly json: RecordedHistory }[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  return Promise.all(
    names.map(async (name) => ({
      name,
      json: JSON.parse(await readFile(new URL(name, folder), 'utf8')) as RecordedHistory,
    })),
  )
}

async function replay(json: unknown): Promise<void> {
  const workflowBundle = await loadWorkflowBundle(createLogger({ level: 'silent' }))
  await Worker.runReplayHistory({ workflowBundle, dataConverter }, historyFromJSON(json))
}

describe('recorded histories', function () {
  this.timeout(60_000)
  before(() => installRuntime(createLogger({ level: 'silent' })))

  it('cover every workflow, in each way that it can end', async () => {
    const recorded = (await readHistories()).map(({ name }) => name)
    expect(recorded).to.include.members([
      'chat-turn.cancelled.json',
      'chat-turn.completed.json',
      'chat-turn.failed.json',
      'ingest-document.completed.json',
      'ingest-document.failed.json',
      'ingest-document.long.json',
      'ingest-document.one-batch-a-call.json',
      // Recorded once payloads were encrypted; those above tell of workflows that were started before.
      'chat-turn.cancelled.encrypted.json',
      'chat-turn.completed.encrypted.json',
      'chat-turn.failed.encrypted.json',
      'ingest-document.completed.encrypted.json',
      'ingest-document.failed.encrypted.json',
      'rewrap-keys.completed.json',
      'seal-audit.completed.encrypted.json',
      'send-password-mail.completed.encrypted.json',
      'rotate-secret.completed.encrypted.json',
      'rotate-secret.failed.encrypted.json',
      'rotate-secret.rolled-back.encrypted.json',
      'rotate-secret.doubted.encrypted.json',
      'scheduled-rotation.completed.encrypted.json',
      'reconcile-schedules.completed.encrypted.json',
      'tool-call.completed.encrypted.json',
      'tool-call.approved.encrypted.json',
      'tool-call.denied.encrypted.json',
      'tool-call.expired.encrypted.json',
      'tool-call.cancelled.encrypted.json',
      'chat-turn.with-tools.encrypted.json',
      'seal-audit.completed.encrypted.json',
    ])
    const types = (await readHistories()).map(
      ({ json }) => json.events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name,
    )
    const workflows = await import('../../workflows/index.ts')
    expect(new Set(types)).to.deep.equal(new Set(Object.keys(workflows)))
  })

  it('replay on today’s code', async () => {
    for (const { json } of await readHistories()) await replay(json)
  })

  it('don’t replay once a step is missing: the check can fail', async () => {
    const [history] = (await readHistories()).filter(({ name }) => name === 'ingest-document.completed.json')
    const text = JSON.stringify(history?.json).replaceAll('"chunkDocument"', '"anotherStep"')
    const error = await replay(JSON.parse(text)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).to.be.instanceOf(Error)
  })
})
