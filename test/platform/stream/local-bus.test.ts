// The bus suite on the form in memory.
import { captureLog } from '../../support/captured-log.ts'
import { createLocalBus } from '../../../platform/stream/local-bus.ts'
import { busSuite } from './bus-suite.ts'

describe('local bus', () => {
  busSuite(async () => {
    const logged = captureLog()
    const bus = createLocalBus({ log: logged.log })
    return { near: bus, far: bus, logged, close: () => bus.close() }
  })
})
