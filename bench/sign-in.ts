// What it costs to know who asks: a route that does nothing, for whoever is signed in, beside the same for everybody; one
// connection after the other’s answer, and 64 at once.
import { Agent, get } from 'node:http'
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { startChild } from './child.ts'
import { atOnce, interleave } from './interleave.ts'
import { startBenchRedis } from './services.ts'
import type { SignInServed } from './sign-in-process.ts'

const levels = [1, 64] as const
const requestsEach = 50
const rounds = 20

interface Client {
  /** Milliseconds that one request takes. */
  request(path: string, token?: string): Promise<number>
}

function createClient(url: string, connections: number, { defer }: BenchmarkContext): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  defer(() => agent.destroy())
  return {
    request: (path, token) =>
      new Promise((resolve, reject) => {
        const started = performance.now()
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
        get(`${url}/api/v1${path}`, { agent, headers }, (response) => {
          response.resume().once('end', () => {
            if (response.statusCode === 200) resolve(performance.now() - started)
            else reject(new Error(`${path} answered ${String(response.statusCode)}`))
          })
        }).once('error', reject)
      }),
  }
}

async function measure(context: BenchmarkContext, where: string, args: readonly string[]): Promise<Row[]> {
  const { url, token, key } = await startChild<SignInServed>('sign-in-process.ts', args, context).answer()
  const rows: Row[] = []
  for (const connections of levels) {
    context.progress(`${connections} at once, ${where}`)
    const client = createClient(url, connections, context)
    const ask = (path: string, credential?: string) => async (): Promise<number[]> => {
      const taken = await atOnce(connections, async () => {
        const samples: number[] = []
        for (let sent = 0; sent < requestsEach; sent += 1) samples.push(await client.request(path, credential))
        return samples
      })
      return taken.flat()
    }
    const taken = await interleave(
      {
        everybody: ask('/noop/public'),
        token: ask('/noop/signed-in', token),
        key: ask('/noop/signed-in', key),
      },
      { rounds: context.times(rounds), warmUp: 2 },
    )
    const named = (name: string) => `${name}, ${connections} at once, ${where}`
    const baseline = { name: 'anonymous no-op', unit: 'ms', samples: taken.everybody } as const
    rows.push(
      { measured: { name: named('no-op with an access token'), unit: 'ms', samples: taken.token }, baseline },
      { measured: { name: named('no-op with an API key'), unit: 'ms', samples: taken.key }, baseline },
    )
  }
  return rows
}

export const signIn: Benchmark = {
  name: 'sign-in',
  run: async (context) => {
    const { REDIS_URL: redisUrl } = await startBenchRedis(context)
    return [...(await measure(context, 'in memory', [])), ...(await measure(context, 'in Valkey', [redisUrl]))]
  },
}
