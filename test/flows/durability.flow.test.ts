// What product durability means, with numbers: real processes are killed at random points of turns and ingestions, and
// every client sees each token once, every turn has one answer, every document each chunk once.
import { expect } from 'chai'
import { type Tally, createRandom, createTally, killCount, settle } from '../support/chaos.ts'
import { type ChaosPlatform, onServices, type Part, startChaosPlatform } from '../support/chaos-platform.ts'
import { ingestionPoints, runCheckedIngestion, sections } from '../support/checked-ingestion.ts'
import { drawTurnPoint, runCheckedTurn } from '../support/checked-turn.ts'

/** On the embedded platform API and worker are one process, and there is no Redis. */
const checks: readonly { readonly check: string; readonly what: string; readonly part: Part }[] = [
  ...(onServices
    ? ([
        { check: 'D1', what: 'SIGKILL of the worker', part: 'worker' },
        { check: 'D2', what: 'SIGKILL of the API', part: 'api' },
        { check: 'D4', what: 'a killed Redis that comes back', part: 'redis' },
      ] as const)
    : []),
  { check: 'D3', what: 'SIGKILL of API and worker', part: 'api and worker' },
  { check: 'D5', what: 'SIGKILL of the database', part: 'database' },
]

/** More than a suite's three kills take, and enough for twenty. */
const limitMs = 120_000 + killCount * 60_000

describe('durability', function () {
  this.timeout(limitMs)
  let platform: ChaosPlatform

  before(async () => {
    platform = await startChaosPlatform({ tokens: 80, physics: { ttft: 100, tps: 80 } })
  })
  after(() => platform?.stop())

  /** A turn that is struck at a random point of its life, beside one that began at the same time. */
  async function strikeTurn(tally: Tally, point: number, strike: () => Promise<void>): Promise<void> {
    const { content, tokens } = platform
    const client = await platform.newClient()
    let striking: Promise<void> | undefined
    const onPoint = (at: number): void => {
      if (at < point || striking !== undefined) return
      tally.kills += 1
      striking = strike()
    }
    await Promise.all([
      runCheckedTurn(tally, { client, content, tokens }),
      runCheckedTurn(tally, { client, content, tokens, onPoint }),
    ])
    await striking
  }

  for (const { check, what, part } of checks) {
    it(`gives every token once over ${what}, ${killCount} times at random points of turns [${check}]`, async () => {
      const random = createRandom(check)
      const tally = createTally()
      for (let kill = 0; kill < killCount; kill += 1) {
        await strikeTurn(tally, drawTurnPoint(random, platform.tokens), () => platform.strike(part))
      }
      settle(check, platform.name, { tally, kills: killCount })
    })
  }

  it(`indexes every chunk once over ${killCount} SIGKILLs of the worker during ingestions [D6]`, async () => {
    const random = createRandom('D6')
    const tally = createTally()
    for (let kill = 0; kill < killCount; kill += 1) {
      const client = await platform.newClient()
      const { uploading, answered, step } = ingestionPoints
      const embedding = 3 * step + random.between(0, sections)
      const point = random.pick([uploading, answered, step, 2 * step, embedding, embedding, 4 * step])
      let striking: Promise<void> | undefined
      await runCheckedIngestion(tally, {
        client,
        databaseUrl: platform.databaseUrl(),
        onPoint: (at) => {
          if (at < point || striking !== undefined) return
          tally.kills += 1
          striking = platform.strike('worker')
        },
      })
      await striking
    }
    settle('D6', platform.name, { tally, kills: killCount })
  })

  it('lets streams resume and ends in time at SIGTERM of API and worker, and of the whole platform [D9]', async () => {
    const random = createRandom('D9')
    const tally = createTally()
    while (tally.kills < killCount) {
      await strikeTurn(tally, random.between(1, platform.tokens), () => platform.strike('api and worker', 'SIGTERM'))
      // A process that doesn't end in time ends itself with another code.
      const ends = platform.output().match(/"how":"[^"]*"/g) ?? []
      const own = onServices ? 2 : 1
      expect(ends.slice(-own)).to.deep.equal(Array.from({ length: own }, () => '"how":"exit code 0"'))
      await strikeTurn(tally, random.between(1, platform.tokens), async () => {
        expect(await platform.stopAndStart()).to.equal(0)
      })
    }
    settle('D9', platform.name, { tally, kills: killCount })
  })

  it('goes on with running turns after SIGKILL of everything, the database and Temporal included [D7]', async () => {
    const random = createRandom('D7')
    const tally = createTally()
    for (let kill = 0; kill < killCount; kill += 1) {
      await strikeTurn(tally, random.between(0, platform.tokens), () => platform.strikeEverything())
    }
    settle('D7', platform.name, { tally, kills: killCount })
  })
})
