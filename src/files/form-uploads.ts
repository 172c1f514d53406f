/** Files that are sent as a form, by back ends and mini-programs (objects chapter, 1.15). */
import type { CallContext } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { beginUpload } from './begin-upload.ts';
import type { FormSignature } from './blob-store.ts';
import type { ObjectDescription } from './file.ts';
import { objectUrl, requireName } from './object-names.ts';
import { ObjectRecorder } from './object-recorder.ts';
import { requireFiles, type UploadsOptions } from './uploads.ts';

export interface FormRequest extends ObjectDescription {
  readonly size: number;
  /** How long the form may be sent, in ms, if an admin asks; 0 or less: as long as is usual. */
  readonly validForMs: number;
}

export interface Form extends FormSignature {
  readonly id: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

const usualLifeMs = 600_000;
const longestLifeMs = 7 * 86_400_000;

export class FormUploads {
  readonly #options: UploadsOptions;
  readonly #recorder: ObjectRecorder;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#recorder = new ObjectRecorder(options);
  }

  /**
   * How to send a file as a form.
   * @param apiUrl ends in a slash
   * @throws 1001 ill-formed or beyond a quota, 1002 a name of somebody else, 500 where the store takes none
   */
  async initiate(call: CallContext, { validForMs, ...request }: FormRequest, apiUrl: string): Promise<Form> {
    const { blobs, limits, now, randomBytes } = this.#options;
    requireName(call, request.name);
    requireFiles(this.#options);
    if (!blobs.takesForms) throw errors.internal('the object store takes no forms');
    if (request.size <= 0) throw errors.args('size must be greater than 0');
    const { maxFileBytes } = limits;
    if (request.size > maxFileBytes) throw errors.args(`file is over ${maxFileBytes} bytes`);
    const lifeMs = call.caller.isAdmin && validForMs > 0 ? Math.min(validForMs, longestLifeMs) : usualLifeMs;
    const blobKey = `openim/direct/${dayOf(now())}/${randomBytes(16).toString('hex')}`;
    const begun = { ...request, kind: 'form', hash: '', partSize: request.size, blobKey } as const;
    const upload = await beginUpload(this.#options, call, begun, lifeMs);
    const signature = await blobs.signForm(upload, { apiUrl, expiresAt: upload.expiresAt });
    return { ...signature, id: upload.id, expiresAt: upload.expiresAt };
  }

  /**
   * Makes an object of a form that was sent; a second time it gives the same URL.
   * @throws 1001 without an id, 1004 no such form of the caller, 500 nothing was sent, 1701 it is too old, 90007 another
   * size than was said
   */
  async complete(call: CallContext, id: string, apiUrl: string): Promise<string> {
    if (id === '') throw errors.args('id is empty');
    const { store, blobs, now } = this.#options;
    const upload = await store.upload(id);
    const isTheirs = upload?.userID === call.caller.userID && upload.kind === 'form' && upload.engine === blobs.engine;
    if (!isTheirs) throw errors.recordNotFound('no such form');
    if (upload.completedAs !== '') return objectUrl(apiUrl, upload.completedAs);
    // What was sent in time may be completed a little later.
    if (upload.expiresAt + usualLifeMs <= now()) throw errors.uploadExpired();
    return objectUrl(apiUrl, await this.#recorder.complete(call, upload, upload, undefined));
  }
}

/** YYYYMMDD, of UTC. @param at Unix ms */
function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
}
