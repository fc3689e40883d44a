// The fault matrix of rotation on real services. As part of the suite it runs some cells of each target; the whole of it is
// `npm run test:rotation-matrix`, which prints the table that this file writes.
import { appendFile } from 'node:fs/promises'
import { expect } from 'chai'
import { findDebianRoot } from '../support/debian-root.ts'
import { type Cell, faults, isPossible, points, runCell } from '../support/rotation-faults.ts'
import { type RotationWorld, startRotationWorld } from '../support/rotation-world.ts'

const isWhole = process.env['ROTATION_MATRIX'] === 'whole'
const report = process.env['ROTATION_REPORT']
const targets = ['random', 'postgres', 'redis-acl'] as const
const all = targets.flatMap((target) =>
  faults.flatMap((fault) => points.map((point): Cell => ({ target, fault, point }))),
)
/** One point a fault and target, each time the next one. */
const some = all.filter(({ point, fault, target }) => {
  const start = faults.indexOf(fault) * 3 + targets.indexOf(target) * 2 + 1
  return points.indexOf(point) === start % points.length
})
const cells = (isWhole ? all : some).filter(isPossible)

async function record(cell: Cell, outcome: string): Promise<void> {
  if (report !== undefined) await appendFile(report, `${JSON.stringify({ ...cell, outcome })}\n`)
}

describe('[V17] the fault matrix of rotation', function () {
  this.timeout(180_000)
  let world: RotationWorld

  before(async function () {
    const root = await findDebianRoot()
    if (root === undefined) this.skip()
    world = await startRotationWorld(root)
  })
  after(() => world?.stop())

  for (const cell of cells) {
    it(`${cell.target}: ${cell.fault} ${cell.point}`, async () => {
      const outcome = await runCell(world, cell).catch(async (error: unknown) => {
        await record(cell, 'BROKEN')
        throw error
      })
      await record(cell, outcome)
      expect(outcome).to.be.oneOf(['completed', 'rolled_back', 'failed'])
    })
  }
})
