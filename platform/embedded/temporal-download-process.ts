// Downloads the Temporal CLI into the directory given as first argument, in the version given as second. The SDK only
// downloads when it starts a server, and can't be called off: so a server is started and ended, in a process of its own.
import { Runtime } from '@temporalio/worker'

const [directory, version] = process.argv.slice(2)
if (directory === undefined || version === undefined) throw new Error('usage: DIRECTORY VERSION')

const server = await Runtime.instance().createEphemeralServer({
  type: 'dev-server',
  exe: {
    type: 'cached-download',
    downloadDir: directory,
    version,
    ttl: 86_400_000,
    sdkName: 'sdk-typescript',
    sdkVersion: version,
  },
  namespace: 'default',
  ip: '127.0.0.1',
  port: null,
  uiPort: null,
  dbFilename: null,
  ui: false,
  log: { format: 'pretty', level: 'error' },
  extraArgs: [],
})
await Runtime.instance().shutdownEphemeralServer(server)
