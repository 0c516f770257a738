/** The tables of melt extents, one csv file a season. */

/** @typedef {Record<string, any>} Row */

/** @type {Map<string, Promise<Row[]>>} */
const read = new Map();

/** The rows of a season; none where there is no table. @param {string} address */
export function extents(address) {
  const found = read.get(address) ?? readTable(address);
  read.set(address, found);
  return found;
}

/** @param {string} address @returns {Promise<Row[]>} */
async function readTable(address) {
  const answer = await fetch(address);
  return answer.ok ? parse(await answer.text()) : [];
}

/** Rows of a csv file, numbers as numbers, empty fields as null. @param {string} text
 * @returns {Row[]}
 */
export function parse(text) {
  const [head, ...rows] = text.trim().split("\n").map(fields);
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, value(name, row[index])])));
}

/** Fields of a line; quotes hold commas, two quotes are one. @param {string} line */
function fields(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  );
}

/** @param {string} name @param {string} field */
function value(name, field) {
  if (name === "date" || name === "region") return field;
  return field === "" ? null : Number(field);
}
