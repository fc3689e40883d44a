// The business key of a tool call's workflow: rows name it, and so do those who follow it in the Temporal Web UI.
export const toolCallWorkflowId = (executionId: string): string => `tool-call/${executionId}`
