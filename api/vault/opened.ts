// A route that needs the vault open. While it is sealed, nothing of the vault answers and nothing is written.
import type { Route } from '../http/route.ts'

/** The route throws `vault.sealed` before anything of it runs. */
export const opened = (route: Route): Route => ({
  ...route,
  handle: async (context, input) => {
    await context.vault.requireOpen()
    return route.handle(context, input)
  },
})
