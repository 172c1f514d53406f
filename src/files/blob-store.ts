/** What every engine does that keeps the content of files: a blob is there whole or not at all. */
import type { StoredObject, Upload } from './file.ts';
import type { Presentation } from './presentation.ts';

/** Objects chapter, 1.4. Sizes in bytes. */
export interface PartLimits {
  readonly minPartSize: number;
  readonly maxPartSize: number;
  readonly maxParts: number;
}

/** How clients send parts (objects chapter, 1.6). */
export interface PartSignatures {
  readonly url: string;
  readonly query: readonly KeyValues[];
  readonly header: readonly KeyValues[];
  readonly parts: readonly PartSignature[];
}

export interface PartSignature {
  readonly partNumber: number;
  readonly url: string;
  readonly query: readonly KeyValues[];
  readonly header: readonly KeyValues[];
}

export interface KeyValues {
  readonly key: string;
  readonly values: readonly string[];
}

export interface Signing {
  /** Of our own API as clients call it; ends in a slash. */
  readonly apiUrl: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** How a form is sent (objects chapter, 1.15): every field, and the file last, as `file`. */
export interface FormSignature {
  readonly url: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly successCodes: readonly number[];
}

export interface BlobStore {
  /** As records name it. */
  readonly engine: string;
  readonly partLimits: PartLimits;
  /** Whether {@link signForm} does anything. */
  readonly takesForms: boolean;
  /** Makes room for an upload. @returns what the engine calls it */
  begin(upload: Upload): Promise<string>;
  sign(upload: Upload, partNumbers: readonly number[], signing: Signing): Promise<PartSignatures>;
  signForm(upload: Upload, signing: Signing): Promise<FormSignature>;
  /**
   * Makes the upload's blob of its parts, once and for all; again for one that is there already does nothing.
   * @param parts MD5 of each, in lower-case hex; undefined: a form's file, whatever it is
   * @throws ProtocolError if one is missing or another than that
   */
  finish(upload: Upload, parts: readonly string[] | undefined): Promise<void>;
  /** Whatever has arrived for it is gone; its blob, if it has become one, is not. */
  abandon(upload: Upload): Promise<void>;
  /** Of a blob, in bytes; undefined if there is none. */
  sizeOf(key: string): Promise<number | undefined>;
  /** Where clients fetch it; undefined if that is here, by {@link open}. */
  addressOf(object: StoredObject, presentation: Presentation): Promise<string | undefined>;
  /** Bytes of a blob, first and last inclusive; each chunk is good until the next is asked for. */
  open(key: string, first: number, last: number): AsyncIterable<Uint8Array>;
  /** One that is not there is fine. */
  remove(key: string): Promise<void>;
  /** Deletes what was left on its way by a crash before `until`, Unix ms. */
  tidy(until: number): Promise<void>;
}
