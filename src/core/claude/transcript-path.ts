const MAX_SLUG_CHARS = 200;

/**
 * The directory name under which claude keeps the transcripts of a working directory (internal to claude).
 * @param realCwd the directory with its links resolved.
 */
export function projectSlug(realCwd: string): string {
  const slug = realCwd.replace(/[^A-Za-z0-9]/g, '-');
  if (slug.length <= MAX_SLUG_CHARS) return slug;
  return `${slug.slice(0, MAX_SLUG_CHARS)}-${hash36(realCwd)}`;
}

/** Where the transcript of a session is, relative to claude's config directory. */
export function transcriptPath(realCwd: string, sessionId: string): string {
  return `projects/${projectSlug(realCwd)}/${sessionId}.jsonl`;
}

function hash36(text: string): string {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return Math.abs(hash).toString(36);
}
