// What a rule is: a pure function that gives the faults it finds, in words that name the place and what to change.
import type { DeploymentFiles } from './deployment-files.ts'

export type Rule = (files: DeploymentFiles) => string[]

export const unless = (holds: boolean, fault: string): string[] => (holds ? [] : [fault])
