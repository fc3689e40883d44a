// The one block that is printed when everything runs: where the platform is and, once, the administrator's password.
// Pure text, so that what a person sees can be tested without starting anything.

export interface ReadyFacts {
  readonly apiUrl: string
  /** Null where Temporal isn't the platform's own. */
  readonly temporalUiUrl: string | null
  readonly dataDir: string
  readonly seconds: number
  readonly administrator?: Administrator | undefined
  /** Set when the terminal shows warnings alone. */
  readonly quiet: boolean
}

export interface Administrator {
  readonly email: string
  readonly password: string
}

const width = 100

export function readyBlock(facts: ReadyFacts): string {
  const rows: readonly (readonly [name: string, value: string | null | undefined])[] = [
    ['API', `${facts.apiUrl}/api/v1`],
    ['Reference', `${facts.apiUrl}/docs`],
    ['Temporal', facts.temporalUiUrl],
    ['Data', facts.dataDir],
    ['E-mail', facts.administrator?.email],
    ['Password', facts.administrator && `${facts.administrator.password}   (the administrator's: shown this once)`],
    ['Logs', facts.quiet ? 'warnings and errors; set LOG_LEVEL=info for more' : undefined],
  ]
  const lines = rows.flatMap(([name, value]) => (value == null ? [] : [`  ${name.padEnd(11)}${value}`]))
  const rule = '─'.repeat(width)
  return [rule, `  CDSA is ready (${facts.seconds.toFixed(1)} s). Ctrl-C stops it.`, '', ...lines, rule, ''].join('\n')
}

/** Said at once when the start fails after the administrator was made: the password is nowhere else. */
export function administratorNotice({ email, password }: Administrator): string {
  return `The administrator was created (shown this once): ${email}, password ${password}`
}
