const MASK = '[redacted]';

/** Shapes of secrets that may turn up in what agents print: our own tokens and the providers' usual keys. */
const SECRET_SHAPES = [
  /\bcf_[A-Za-z0-9_-]{20,}/g,
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /(\b(?:authorization|x-api-key)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?)[^\s"',;]+/gi,
];

/** Masks known secret values and everything that looks like a key or token. */
export function redact(text: string, knownSecrets: readonly string[] = []): string {
  let clean = text;
  // The longest first: a secret that another begins with would leave that one's end in the clear.
  for (const secret of knownSecrets.toSorted((a, b) => b.length - a.length)) {
    if (secret.length >= 6) clean = clean.replaceAll(secret, MASK);
  }
  for (const shape of SECRET_SHAPES) {
    clean = clean.replace(shape, (_match, prefix: unknown) =>
      typeof prefix === 'string' ? prefix + MASK : MASK,
    );
  }
  return clean;
}

/** The last `maxChars` UTF-16 units of a text. */
export function tailOf(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : text.slice(-maxChars);
}
