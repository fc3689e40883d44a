// A client that doesn't speak the protocol, or asks for what no setting allows: its connection ends with this SQLSTATE.
// It never leaves the multiplexer, so it isn't one of the application's errors.

export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation'
  readonly sqlState: string

  constructor(message: string, sqlState = '08P01') {
    super(message)
    this.sqlState = sqlState
  }
}
