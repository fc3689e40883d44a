// Keeps an activity's heartbeat while it works: without one the server can't tell a long step from a dead worker, and a
// cancel, which comes with a heartbeat's answer, wouldn't come.
import { Context } from '@temporalio/activity'

/** Well under the shortest heartbeat timeout of a workflow, 5 s. */
const beatMs = 1_000

/** Beats at once and then every second until `work` has settled. */
export async function beating<T>(work: () => Promise<T>): Promise<T> {
  const activity = Context.current()
  activity.heartbeat()
  const timer = setInterval(() => activity.heartbeat(), beatMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
