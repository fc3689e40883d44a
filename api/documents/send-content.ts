// Sends a document's original bytes: always as a download, never as something that a browser would run.
import { getDocument } from '../../db/documents/documents.ts'
import type { Context } from '../../platform/platform.ts'
import type { Reply } from '../http/route.ts'

/** RFC 6266: an ASCII name for old clients, and the real one, percent-encoded. */
function contentDisposition(filename: string): string {
  const ascii = filename.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(filename).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

export async function sendContent(
  { db, blobs, actor }: Pick<Context, 'db' | 'blobs' | 'actor'>,
  documentId: string,
): Promise<Reply> {
  const { document } = await getDocument(db, { userId: actor.userId, documentId })
  return {
    status: 200,
    bytes: await blobs.open(document.sha256),
    headers: {
      'Content-Type': document.mediaType,
      'Content-Length': String(document.sizeBytes),
      'Content-Disposition': contentDisposition(document.filename),
      'Content-Security-Policy': "sandbox; default-src 'none'",
      ETag: `"${document.sha256}"`,
    },
  }
}
