// The guard for tests: entries of the allow-list, a resolver of the test's own, a log that can be read.
import { createEgress, type Egress, type EgressOptions } from '../../platform/egress/guarded-fetch.ts'
import { captureLog } from './captured-log.ts'

export const testEgress = (options: Partial<EgressOptions> = {}): Egress =>
  createEgress({ allow: [], ownPorts: [], log: captureLog().log, ...options })
