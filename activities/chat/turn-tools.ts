// The tools that a turn's model may call: those of the chat that are there and switched on, at this moment.
import { type StoredTool, findTools } from '../../db/tools/tools.ts'
import type { ModelTool } from '../../domain/chat/model-message.ts'
import type { Platform } from '../../platform/platform.ts'

/** In an order that doesn't change: providers keep what they have read of a request by its beginning. */
export async function findTurnTools(
  { db }: Pick<Platform, 'db'>,
  toolIds: readonly string[],
): Promise<readonly StoredTool[]> {
  const tools = await findTools(db, toolIds)
  return tools.filter(({ enabled }) => enabled).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

export const toModelTool = ({ name, description, inputSchema }: StoredTool): ModelTool => ({
  name,
  description,
  inputSchema,
})
