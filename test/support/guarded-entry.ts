// What a guarded process may do: its argument names the misbehaviour. It says its process id first.
import { spawn } from 'node:child_process'
import { dieWithParent } from '../../platform/parsing/die-with-parent.ts'

const send = (message: object): Promise<void> =>
  new Promise((resolve) => process.send?.(message, undefined, {}, () => resolve()))

function loop(): never {
  for (;;);
}

const kept: Buffer[] = []

const behaviours: Readonly<Record<string, () => unknown>> = {
  answer: () => send({ result: { environment: Object.keys(process.env).sort(), cwd: process.cwd() } }),
  loop,
  idle: () => setInterval(() => undefined, 60_000),
  chatter: () => setInterval(() => void send({ progress: { pid: process.pid } }), 20),
  fill: () => {
    for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1))
  },
  exit: () => process.exit(3),
  throw: () => {
    throw new Error('a parser failed')
  },
  descend: async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)'], { stdio: 'ignore' })
    await send({ progress: { pid: child.pid } })
    loop()
  },
}

dieWithParent()
await send({ progress: { pid: process.pid } })
behaviours[process.argv[2] ?? '']?.()
