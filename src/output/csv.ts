/**
 * One record of RFC 4180, with its line end: a text that holds a comma, a quote or a line break is quoted, unknown is
 * empty. Values are as they are; nothing is disarmed, since a spreadsheet is not the only reader.
 */
export function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(value: string | number | boolean | null): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
