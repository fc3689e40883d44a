// Runs the mock upstream by hand, for trying the platform against "a real provider" without one:
// `npx tsx test/support/run-mock-upstream.ts [port]`, then start the platform with the variables that it prints.
import { startMockUpstream } from './mock-upstream.ts'

const upstream = await startMockUpstream({ port: Number(process.argv[2] ?? 4010) })
process.stdout.write(`OPENAI_BASE_URL=${upstream.baseUrl} OPENAI_API_KEY=mock
ANTHROPIC_BASE_URL=${upstream.url} ANTHROPIC_API_KEY=mock
OLLAMA_HOST=${upstream.url}
`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void upstream.stop())
