// A log to be sealed: rows of any number, sealed to the end, and held against the definition of the tree.
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { sealBatch } from '../../platform/audit/seal.ts'

export const generation = 1
const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

/** MTH of RFC 6962, 2.1, as the text has it. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return sha256(Buffer.from([0]), leaves[0] as Buffer)
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha256(Buffer.from([1]), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
}

export async function appendMany(db: Db, count: number): Promise<void> {
  await db.transaction(async (tx) => {
    for (let n = 0; n < count; n += 1) {
      await appendAuditEvent(tx, {
        action: 'chat.create',
        outcome: 'success',
        actor: { type: 'system' },
        resource: { type: 'chat', id: newId() },
      })
    }
  })
}

/** Rows as the server makes them itself: for trees that are too large to append one by one. */
export const appendBulk = (owner: Db, count: number): Promise<number> =>
  owner.execute(
    `insert into audit_events (id, at, leaf, action, outcome, resource_type)
     select gen_random_uuid(), now(), '{"n":' || n || '}', 'chat.create', 'success', 'chat' from generate_series(1, ${count}) n`,
  )

export async function sealAll(db: Db, limit = 1_000): Promise<number> {
  for (;;) {
    const { more, size } = await sealBatch(db, { generation, limit })
    if (!more) return size
  }
}

/** Every row is a leaf, once; indices have no gap; the tree is that of the texts. */
export async function expectWhole(db: Db): Promise<void> {
  const rows = await db.query<{ index: string | null; leaf: string }>(
    `select l.leaf_index as index, e.leaf from audit_events e full join audit_leaves l on l.event_id = e.id
     order by l.leaf_index`,
  )
  expect(rows.map(({ index }) => Number(index))).to.deep.equal(rows.map((_, n) => n))
  const [root] = await db.query<{ size: string; root: Buffer }>(
    'select size, root from audit_roots order by origin_number desc, size desc limit 1',
  )
  expect(Number(root?.size)).to.equal(rows.length)
  const expected = treeHash(rows.map(({ leaf }) => Buffer.from(leaf)))
  expect(root?.root.toString('hex')).to.equal(expected.toString('hex'))
}
