// Keeps an activity's heartbeat while it works: without one the server can't tell a long step from a dead worker, and a
// cancel, which comes with a heartbeat's answer, wouldn't come.
import { Context } from '@temporalio/activity'

/** Well under the shortest heartbeat timeout of a workflow, 5 s. */
const beatMs = 1_000

/** An activity that beats until it has settled, whatever it waits for; a short one never does: each beat is a write of the server. */
export const beating =
  <Input, Output>(work: (input: Input) => Promise<Output>) =>
  async (input: Input): Promise<Output> => {
    const activity = Context.current()
    // What an earlier attempt left there stays there.
    const timer = setInterval(() => activity.heartbeat(activity.info.heartbeatDetails), beatMs)
    try {
      return await work(input)
    } finally {
      clearInterval(timer)
    }
  }
