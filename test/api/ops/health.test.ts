import { expect } from 'chai'
import { createReadiness } from '../../../api/ops/health.ts'

const never = (): Promise<void> => new Promise(() => {})

describe('createReadiness', () => {
  it('is ready when every dependency answers', async () => {
    const ready = await createReadiness({ database: async () => {}, temporal: async () => {} })()
    expect(ready.status).to.equal('ready')
    expect(ready.checks['database']).to.include({ status: 'up' })
    expect(ready.checks['temporal']?.latencyMs).to.be.at.least(0)
  })

  it('names the dependency that fails', async () => {
    const failing = async (): Promise<void> => {
      throw new Error('down')
    }
    const readiness = await createReadiness({ database: async () => {}, temporal: failing })()
    expect(readiness.status).to.equal('unready')
    expect(readiness.checks['database']?.status).to.equal('up')
    expect(readiness.checks['temporal']?.status).to.equal('down')
  })

  it('doesn’t wait for one that hangs, nor ask it again', async () => {
    let asked = 0
    const hanging = (): Promise<void> => {
      asked += 1
      return never()
    }
    const readiness = createReadiness({ database: hanging, redis: async () => {} }, 5)
    for (let round = 0; round < 3; round += 1) {
      const { status, checks } = await readiness()
      expect(status).to.equal('unready')
      expect(checks['database']?.status).to.equal('down')
      expect(checks['redis']?.status).to.equal('up')
    }
    expect(asked).to.equal(1)
  })

  it('asks again once an answer has come', async () => {
    let asked = 0
    const readiness = createReadiness({
      database: async () => {
        asked += 1
        if (asked === 1) throw new Error('not yet')
      },
    })
    expect((await readiness()).status).to.equal('unready')
    expect((await readiness()).status).to.equal('ready')
  })
})
