// Puts messages and stack traces of failures where the payload codec reaches them. Loaded by its path, by the SDK in the
// process and by the bundle of the workflows: it must not import anything that workflow code may not.
import { DefaultFailureConverter } from '@temporalio/common'

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true })
