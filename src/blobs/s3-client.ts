/** Requests to an S3-compatible store, signed by aws4fetch: from here, and presigned for clients. */
import { AwsV4Signer } from 'aws4fetch';

export interface S3Place {
  /** As this server reaches the store. */
  readonly endpoint: string;
  /** As clients reach it; a path in it is one that a proxy takes off. */
  readonly publicEndpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyID: string;
  readonly secretAccessKey: string;
  /** For one request. */
  readonly timeoutMs: number;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Empty: the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The store said no. What it says of it is for the log. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;
  /** Such as `NoSuchKey`; empty if it gave none. */
  readonly code: string;

  constructor({ method }: S3Request, { status, text }: S3Answer) {
    const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? '';
    super(`the object store answered ${method} with ${status} ${code}`);
    this.status = status;
    this.code = code;
  }
}

/** Of what the store says beside the content of objects. */
const maxAnswerBytes = 1024 * 1024;

export class S3Client {
  readonly #place: S3Place;
  /** Derived from the secret for each day: four HMACs that only the first request of a day needs. */
  readonly #signingKeys = new Map<string, ArrayBuffer>();

  constructor(place: S3Place) {
    this.#place = place;
  }

  /** @throws S3Error for a failure other than `allowed`; an Error if there is no answer in time */
  async send(request: S3Request, allowed: readonly number[] = []): Promise<S3Answer> {
    const response = await this.#fetch(request);
    const answer = { status: response.status, headers: response.headers, text: await boundedText(response) };
    // A copy or a completion may fail after the status has been sent.
    const isRefused = !response.ok || /^<\?xml[^>]*>\s*<Error>|^<Error>/.test(answer.text);
    if (isRefused && !allowed.includes(response.status)) throw new S3Error(request, answer);
    return answer;
  }

  /** The bytes of an object. @throws as {@link send} */
  async *read(request: S3Request): AsyncGenerator<Uint8Array> {
    const response = await this.#fetch(request);
    if (!response.ok || response.body === null) {
      throw new S3Error(request, { status: response.status, headers: response.headers, text: '' });
    }
    yield* response.body;
  }

  /** A URL by which whoever has it may do just this, until it expires. @param lifeSeconds at most a week */
  async presign(
    { method, key, query = {} }: Omit<S3Request, 'headers' | 'body'>,
    lifeSeconds: number,
  ): Promise<string> {
    const { publicEndpoint } = this.#place;
    const url = this.#urlOf(new URL(publicEndpoint).origin, key, { ...query, 'X-Amz-Expires': String(lifeSeconds) });
    const signed = await this.#signer({ method, url, signQuery: true }).sign();
    const prefix = new URL(publicEndpoint).pathname.replace(/\/$/, '');
    signed.url.pathname = prefix + signed.url.pathname;
    return signed.url.href;
  }

  async #fetch({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Response> {
    const { endpoint, timeoutMs } = this.#place;
    const url = this.#urlOf(endpoint.replace(/\/$/, ''), key, query);
    const signed = await this.#signer({ method, url, headers, ...(body === undefined ? {} : { body }) }).sign();
    return fetch(signed.url, {
      method,
      headers: signed.headers,
      body: body ?? null,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  #urlOf(base: string, key: string, query: Readonly<Record<string, string>>): string {
    const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const path = key === '' ? this.#place.bucket : `${this.#place.bucket}/${key}`;
    return `${base}/${path}${search.length === 0 ? '' : `?${search.join('&')}`}`;
  }

  #signer(request: {
    method: string;
    url: string;
    headers?: Readonly<Record<string, string>>;
    body?: string;
    signQuery?: boolean;
  }): AwsV4Signer {
    const { accessKeyID: accessKeyId, secretAccessKey, region } = this.#place;
    return new AwsV4Signer({
      ...{ ...request, accessKeyId, secretAccessKey, region, service: 's3' },
      cache: this.#signingKeys,
    });
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error('the object store answered with more than it may');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
