/** What a column can be given. */
export type SqlValue = string | number | boolean | null;

/**
 * A statement with its values written into it as literals, so that many can go to the driver as one script.
 * @example sql`UPDATE turns SET status = ${status} WHERE id = ${id}`
 * @throws TypeError for a number that is not finite; SQL has no literal for it.
 */
export function sql(parts: TemplateStringsArray, ...values: readonly SqlValue[]): string {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) text += sqlLiteral(value) + (parts[index + 1] ?? '');
  return text;
}

/** @throws TypeError as `sql`. */
export function sqlLiteral(value: SqlValue): string {
  switch (typeof value) {
    case 'string':
      return textLiteral(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be written into a statement`);
      return String(value);
    case 'boolean':
      return value ? '1' : '0';
    default:
      return 'NULL';
  }
}

/** A script ends at its first NUL for the driver, so text that holds one goes as its bytes. */
function textLiteral(text: string): string {
  if (text.includes('\0')) return `CAST(X'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`;
  return text.includes("'") ? `'${text.replaceAll("'", "''")}'` : `'${text}'`;
}
