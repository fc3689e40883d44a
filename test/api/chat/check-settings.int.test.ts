// A chat may name tools that are there, and only for who may run tools.
import { expect } from 'chai'
import { checkSettings } from '../../../api/chat/check-settings.ts'
import { newId } from '../../../db/ids.ts'
import type { Actor } from '../../../platform/auth/actor.ts'
import { parseConfig } from '../../../platform/config.ts'
import { createLanguageModels } from '../../../platform/llm/language-models.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TurnWorld, openTurnWorld } from '../../support/turn-world.ts'

describe('a chat’s tools', function () {
  this.timeout(60_000)
  let world: TurnWorld

  before(async () => {
    world = await openTurnWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  const check = (toolIds: string[], permissions: readonly ('tool:execute' | 'chat:write')[]) => {
    const actor: Actor = {
      userId: newId(),
      sessionId: newId(),
      email: 'u@example.org',
      roles: [],
      permissions: new Set(permissions),
    }
    return checkSettings({ db: world.database.db, llm: createLanguageModels(parseConfig({})), actor }, { toolIds })
  }

  it('are there', async () => {
    const tool = await world.makeTool('look')
    await check([tool.id], ['tool:execute'])
    const fault = await appErrorOf(check([tool.id, newId()], ['tool:execute']))
    expect(fault.code).to.equal('request.invalid')
    expect(fault.errors).to.deep.equal([{ path: 'toolIds.1', message: 'names no tool that you may read' }])
  })

  it('are for who may run them', async () => {
    const tool = await world.makeTool('hidden')
    expect((await appErrorOf(check([tool.id], ['chat:write']))).code).to.equal('auth.forbidden')
    await check([], ['chat:write'])
  })
})
