/**
 * The door between JSON bodies and the types that endpoints declare with wire-schema.ts. Protocol: rest-core.md 2.
 */
export { parseJsonBody } from './json-body.ts';
export { compileRequestDecoder } from './wire-decoder.ts';
export { compileResponseEncoder, compileResponsePieces } from './wire-encoder.ts';
