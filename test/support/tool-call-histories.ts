// Tool calls for the recorder of histories: one of each way that a call can end, and a turn that waits for one.
import { chatTurnWorkflowId } from '../../workflows/chat/messages.ts'
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import { type ApiClient, signUp } from './api-client.ts'
import { startEchoServer } from './echo-server.ts'
import { eventually } from './eventually.ts'
import { followToEnd, followTurnPersistently } from './follow.ts'

export interface ToolCallHistories {
  /** `host:port` of what the tools reach. */
  readonly place: string
  /** What makes each history, by its name; resolves to the workflow's id once the call, or the turn, has ended. */
  workflowsOf(requester: ApiClient, administrator: ApiClient): Readonly<Record<string, () => Promise<string>>>
  stop(): Promise<void>
}

interface Asking {
  readonly requester: ApiClient
  readonly administrator: ApiClient
  /** Of what the tools reach. */
  readonly url: string
}

async function toolIdOf(client: ApiClient, name: string): Promise<string> {
  const { data } = (await client.get('/tools?limit=100')).body
  return (data as { id: string; name: string }[]).find((tool) => tool.name === name)?.id ?? ''
}

async function makeApprover({ administrator }: Asking): Promise<ApiClient> {
  const approver = await signUp(administrator.apiUrl)
  await administrator.request('PATCH', `/users/${approver.userId}`, { body: { roles: ['approver'] } })
  return approver
}

async function execute(client: ApiClient, toolId: string, args: object): Promise<string> {
  const { status, body } = await client.post(`/tools/${toolId}/execute`, { arguments: args })
  if (status !== 202) throw new Error(`The call was refused with ${status}: ${JSON.stringify(body)}`)
  return body['execution'].id
}

/** Resolves to the run's workflow once the run has ended as it should. */
async function endOf(client: ApiClient, executionId: string, status: string): Promise<string> {
  const events = await followToEnd(client, `/api/v1/tool-executions/${executionId}/events`)
  const ended = events.at(-1)?.data['execution']
  if (ended?.status !== status) throw new Error(`It ended as ${ended?.status} instead of ${status}.`)
  return toolCallWorkflowId(executionId)
}

async function approvalOf(requester: ApiClient, executionId: string): Promise<string> {
  return eventually('the call waits', async () => {
    const { execution } = (await requester.get(`/tool-executions/${executionId}`)).body
    return (execution.approvalId as string | null) ?? undefined
  })
}

async function callWithout({ requester }: Asking): Promise<string> {
  const executionId = await execute(requester, await toolIdOf(requester, 'calculate'), { expression: '6 * 7' })
  return endOf(requester, executionId, 'succeeded')
}

async function callDecided(asking: Asking, decision: 'approve' | 'deny'): Promise<string> {
  const { requester, url } = asking
  const approver = await makeApprover(asking)
  const executionId = await execute(requester, await toolIdOf(requester, 'http_request'), { method: 'POST', url })
  const approvalId = await approvalOf(requester, executionId)
  await approver.post(`/approvals/${approvalId}/decide`, { decision })
  return endOf(requester, executionId, decision === 'approve' ? 'succeeded' : 'denied')
}

/** Escalated and warned of before. */
async function callExpired({ requester, administrator, url }: Asking): Promise<string> {
  const rules = { timeoutSeconds: 4, escalation: [{ afterSeconds: 1, roles: ['admin'] }] }
  const policy = { match: ['soon_over'], approverRoles: ['approver'], ...rules }
  await administrator.post('/approval-policies', policy)
  const inputSchema = { type: 'object', properties: {}, additionalProperties: false }
  const made = { name: 'soon_over', kind: 'http', description: 'Is never run.', inputSchema, config: { url } }
  const { tool } = (await administrator.post('/tools', made)).body
  return endOf(requester, await execute(requester, tool.id, {}), 'expired')
}

async function callCancelled({ requester, url }: Asking): Promise<string> {
  const executionId = await execute(requester, await toolIdOf(requester, 'http_request'), { method: 'POST', url })
  await approvalOf(requester, executionId)
  await requester.post(`/tool-executions/${executionId}/cancel`)
  return endOf(requester, executionId, 'cancelled')
}

async function turnWithTools(asking: Asking): Promise<string> {
  const { requester, url } = asking
  const approver = await makeApprover(asking)
  const settings = { model: 'offline/extractive', toolIds: [await toolIdOf(requester, 'http_request')] }
  const chatId = (await requester.post('/chats', settings)).body['chat'].id
  const content = `/http_request ${JSON.stringify({ method: 'POST', url })}`
  const { turn, eventsUrl } = (await requester.post(`/chats/${chatId}/turns`, { content })).body
  let decided: Promise<unknown> | undefined
  const { ending } = await followTurnPersistently(requester, eventsUrl, {
    onEvent: ({ events }) => {
      const asked = events.find(({ event }) => event === 'approval.requested')
      if (asked === undefined) return
      decided ??= approver.post(`/approvals/${asked.data['approvalId']}/decide`, { decision: 'approve' })
    },
  })
  await decided
  if (ending?.event !== 'turn.completed') throw new Error(`The turn ended with ${ending?.event}.`)
  return chatTurnWorkflowId(turn.id)
}

export async function startToolCallHistories(): Promise<ToolCallHistories> {
  const { place, url, stop } = await startEchoServer()
  return {
    place,
    stop,
    workflowsOf: (requester, administrator) => {
      const asking = { requester, administrator, url }
      return {
        'tool-call.completed': () => callWithout(asking),
        'tool-call.approved': () => callDecided(asking, 'approve'),
        'tool-call.denied': () => callDecided(asking, 'deny'),
        'tool-call.expired': () => callExpired(asking),
        'tool-call.cancelled': () => callCancelled(asking),
        'chat-turn.with-tools': () => turnWithTools(asking),
      }
    },
  }
}
