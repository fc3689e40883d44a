// The shape of a migration. All pending ones run in one transaction, so a migration may not commit by itself.

export interface MigrationContext {
  /** Runs one or more SQL statements in the migration's transaction. */
  sql(text: string): Promise<void>
}

export interface Migration {
  readonly name: string
  up(context: MigrationContext): Promise<void>
}
