/** What the API reference says of a field that a request may leave out. */
export const keptIfNull = { description: 'null or absent: left as it is' };
