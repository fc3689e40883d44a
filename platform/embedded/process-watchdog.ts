// Notices a child process that lives but doesn't answer, such as one that is lost in a loop inside WebAssembly.
// It counts unanswered rounds instead of comparing clocks, so a laptop's sleep or a busy supervisor kills nobody.
import type { ChildProcess } from 'node:child_process'
import type { ChildMessage, ParentMessage } from './pglite-messages.ts'

/** The rounds that may pass without an answer. */
const rounds = 6

/** Calls `onHang` once `child` hasn't answered a ping for `hangMs`, and stops by itself when it exits. */
export function watchProcess(child: ChildProcess, hangMs: number, onHang: () => void): void {
  let unanswered = 0
  child.on('message', (message: ChildMessage) => {
    if (message.type === 'pong') unanswered = 0
  })
  const timer = setInterval(() => {
    if (unanswered >= rounds) {
      clearInterval(timer)
      onHang()
      return
    }
    const ping: ParentMessage = { type: 'ping' }
    if (unanswered === 0 && child.connected) child.send(ping, () => undefined)
    unanswered += 1
  }, hangMs / rounds)
  timer.unref()
  child.once('exit', () => clearInterval(timer))
}
