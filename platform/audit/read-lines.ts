// Lines of a stream of bytes. Node's readline also splits at other characters than the newline, some of which may stand
// in a JSON string.

/** Longer lines are a fault of the file; they would fill the memory. */
const maxLineBytes = 8 * 1024 * 1024
const newline = 0x0a

/** Each line without its newline, the last also when none follows it. Throws RangeError for a line that is too long. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pending: Buffer[] = []
  let pendingBytes = 0
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      yield Buffer.concat([...pending, rest.subarray(0, end)])
      ;[pending, pendingBytes, rest] = [[], 0, rest.subarray(end + 1)]
    }
    if (rest.length > 0) pending.push(rest)
    pendingBytes += rest.length
    if (pendingBytes > maxLineBytes) throw new RangeError(`A line has more than ${maxLineBytes} bytes.`)
  }
  if (pendingBytes > 0) yield Buffer.concat(pending)
}
