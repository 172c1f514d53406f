/**
 * The JSON envelope around every REST answer, also the first text frame of a socket. Protocol: rest-core.md 1.2.
 */
import type { ProtocolError } from './errors.ts';

/**
 * Body of a success. `dataJson` is JSON text, spliced in as it is; without it (an answer that has no fields) the
 * key `data` is left out, which is also the socket's handshake reply.
 */
export function successEnvelope(dataJson?: string): string {
  return dataJson === undefined ? '{"errCode":0,"errMsg":"","errDlt":""}' : `${successUpToData}${dataJson}}`;
}

/** The same of a long answer, which is bytes already. */
export function successEnvelopeBytes(dataJson: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(successUpToData), dataJson, Buffer.from('}')]);
}

/** Body of a failure: never has `data`. */
export function errorEnvelope(error: ProtocolError): string {
  return JSON.stringify({ errCode: error.code, errMsg: error.errMsg, errDlt: error.detail });
}

const successUpToData = '{"errCode":0,"errMsg":"","errDlt":"","data":';
