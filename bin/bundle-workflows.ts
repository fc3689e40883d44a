// The last step of `npm run build`: bundles the compiled workflows, so that a worker in an image starts without webpack
// and without a folder that it may write to.
import { prebuildWorkflowBundle } from '../workers/workflow-bundle.ts'

process.stdout.write(`Wrote ${await prebuildWorkflowBundle()}\n`)
