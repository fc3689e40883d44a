// Base64 as RFC 4648 writes it and no other way: Node reads many texts as the same bytes, and then a changed character
// could go unseen.

/** The bytes, or undefined when the text isn't exactly their base64 with padding. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
