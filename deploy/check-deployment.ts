// `npm run check:deployment`: the compose file, the image and the example of the environment against the code.
import { fileURLToPath } from 'node:url'
import { readDeploymentFiles } from './deployment-files.ts'
import { deploymentRules } from './deployment-rules.ts'

const files = readDeploymentFiles(fileURLToPath(new URL('..', import.meta.url)))
const faults = deploymentRules.flatMap((rule) => rule(files))
for (const fault of faults) process.stderr.write(`- ${fault}\n`)
process.stdout.write(`${deploymentRules.length} rules, ${faults.length} faults\n`)
if (faults.length > 0) process.exitCode = 1
