/**
 * Files as people send them from a browser: every kind of message that has one, an avatar, and an upload in whose midst
 * the server is killed. On a page of another origin than the server's and the store's, with either SDK.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page, Request } from 'playwright-core';
import type { Server } from '../support/deployments.ts';
import type { SdkEvent } from '../support/event-log.ts';
import { onTheWeb } from '../support/made-messages.ts';

export interface FileStage {
  /** Where alice is logged in, with the SDK on its window. */
  readonly page: Page;
  /** A device of bob's. */
  readonly bob: { next(event: string): Promise<SdkEvent> };
}

/** Made on the page: so many bytes, or a picture of a size. */
interface PageFile {
  readonly name: string;
  readonly type: string;
  readonly bytes?: number;
  readonly picture?: readonly [width: number, height: number];
}

const photo: PageFile = { name: '我的 照片 #1.png', type: 'image/png', picture: [800, 400] };
const sound: PageFile = { name: 'hello.mp3', type: 'audio/mpeg', bytes: 3000 };
const film: PageFile = { name: 'film.mp4', type: 'video/mp4', bytes: 5000 };
const still: PageFile = { name: 'still.png', type: 'image/png', picture: [20, 10] };
const notes: PageFile = { name: '100% & more?.txt', type: 'text/plain', bytes: 7000 };
const face: PageFile = { name: 'face.png', type: 'image/png', picture: [40, 40] };
/** Of two parts. */
const large: PageFile = { name: 'large.bin', type: 'application/octet-stream', bytes: 5 * 2 ** 20 + 1000 };

export async function fileStories(t: TestContext, { page, bob }: FileStage): Promise<void> {
  await t.test('a picture arrives, and its small one is small where the server can show it', async () => {
    const { sourcePicture, snapshotPicture } = (await sent('createImageMessageByFile', pictures, { file: photo }))
      .pictureElem;
    assert.deepEqual(await sizeOnPage(page, sourcePicture.url), [800, 400]);
    assert.deepEqual(await sizeOnPage(page, snapshotPicture.url), [640, 320]);
  });

  await t.test('so do sound, video with its picture, and a file', async () => {
    const { soundElem } = await sent('createSoundMessageByFile', { ...onTheWeb.sound, sourceUrl: '' }, { file: sound });
    assert.deepEqual(await fetched(page, soundElem.sourceUrl), await made(page, sound));
    const { videoElem } = await sent('createVideoMessageByFile', video, { videoFile: film, snapshotFile: still });
    assert.deepEqual(await fetched(page, videoElem.videoUrl), await made(page, film));
    assert.deepEqual(await sizeOnPage(page, videoElem.snapshotUrl), [20, 10]);
    const { fileElem } = await sent('createFileMessageByFile', fileOf(notes), { file: notes });
    assert.deepEqual(await fetched(page, fileElem.sourceUrl), await made(page, notes));
  });

  await t.test('an avatar is uploaded, and seen by whoever asks for the user', async () => {
    const { url } = await uploaded(page, face);
    await onPage(page, 'setSelfInfo', { userID: 'alice', faceURL: url });
    const [alice] = await onPage(page, 'getUsersInfo', ['alice']);
    assert.deepEqual(await sizeOnPage(page, alice.faceURL), [40, 40]);
  });

  /** @returns the message as bob gets it */
  async function sent(method: string, params: object, files: Readonly<Record<string, PageFile>>) {
    const came = bob.next('OnRecvNewMessages');
    const message = await onPage(page, method, params, files);
    await onPage(page, 'sendMessage', { recvID: 'bob', groupID: '', message });
    return (await came).data[0];
  }
}

export interface KilledUpload {
  /** As in {@link FileStage}. */
  readonly page: Page;
  readonly server: Server;
  /** Whether an upload that has failed goes on with what it lacks when it is asked for again; else it begins anew. */
  readonly resumes: boolean;
}

/** The server dies between the two parts of an upload, all nodes of it. */
export async function killedUploadStory(t: TestContext, { page, server, resumes }: KilledUpload): Promise<void> {
  await t.test('an upload in whose midst the server is killed is whole when it is asked for again', async () => {
    const parts: number[] = [];
    const record = (request: Request) => {
      const part = request.method() === 'PUT' ? partNumberOf(request.url()) : undefined;
      if (part !== undefined) parts.push(part);
    };
    page.on('request', record);
    await page.route(
      (url) => partNumberOf(url.href) === 2,
      async (route) => {
        if (route.request().method() !== 'PUT') return route.continue();
        await server.kill();
        await route.abort('connectionreset');
      },
    );
    await assert.rejects(uploaded(page, large));
    await page.unrouteAll();
    await server.start();
    parts.splice(0);
    const { url } = await uploaded(page, large);
    page.off('request', record);
    assert.deepEqual([...new Set(parts)].sort(), resumes ? [2] : [1, 2]);
    assert.deepEqual(await fetched(page, url), await made(page, large));
  });
}

/** Each one's own: the SDKs write into them. */
const notYet = () => ({ ...onTheWeb.picture, uuid: 'photo.png', url: '' });
const pictures = { sourcePicture: notYet(), bigPicture: notYet(), snapshotPicture: notYet(), sourcePath: '' };
const video = {
  ...onTheWeb.video,
  ...{ videoUUID: 'film.mp4', videoUrl: '', snapshotUUID: 'still.png', snapshotUrl: '', snapShotType: 'png' },
};

function fileOf({ name, bytes }: PageFile) {
  return { ...onTheWeb.file, uuid: name, fileName: name, fileSize: bytes, sourceUrl: '' };
}

/** In the URL of a PUT to the server or to an S3 store. */
function partNumberOf(url: string): number | undefined {
  const found = /[?&]partNumber=(\d+)|\/object\/upload\/[^/]+\/(\d+)/.exec(url);
  return found === null ? undefined : Number(found[1] ?? found[2]);
}

/** Inside `evaluate`: the page's own globals. */
declare const window: {
  // biome-ignore lint/suspicious/noExplicitAny: of either SDK, called by name
  sdk: Record<string, (...args: any[]) => Promise<{ data: any }>>;
  makeFile(file: PageFile): Promise<File>;
  digest(bytes: ArrayBuffer): Promise<string>;
};
declare class OffscreenCanvas {
  constructor(width: number, height: number);
  getContext(kind: '2d'): { fillRect(...box: number[]): void };
  convertToBlob(options: object): Promise<Blob>;
}
declare function createImageBitmap(blob: Blob): Promise<{ width: number; height: number }>;

/** Calls a method of the SDK. @param files made on the page, and put among its parameters. @returns its data */
async function onPage(page: Page, method: string, params: object, files: Readonly<Record<string, PageFile>> = {}) {
  await page.evaluate(equip);
  const outcome = await page.evaluate(
    async ([method, params, files]) => {
      try {
        if (Array.isArray(params)) return { data: (await window.sdk[method]?.(params))?.data };
        const made: Record<string, File> = {};
        for (const [field, file] of Object.entries(files)) made[field] = await window.makeFile(file);
        return { data: (await window.sdk[method]?.({ ...params, ...made }))?.data };
      } catch (error) {
        // The SDKs throw plain objects, of which Playwright would say no more than that.
        return { failure: error instanceof Error ? error.message : JSON.stringify(error) };
      }
    },
    [method, params, files] as const,
  );
  if (outcome.failure !== undefined) throw new Error(`${method}: ${outcome.failure}`);
  return outcome.data;
}

/** Runs on the page. */
function equip(): void {
  window.makeFile = async ({ name, type, bytes, picture: [width, height] = [1, 1] }) => {
    if (bytes !== undefined) {
      return new File([new Uint8Array(bytes).fill(bytes)], name, { type });
    }
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext('2d').fillRect(0, 0, width / 2, height);
    return new File([await canvas.convertToBlob({ type })], name, { type });
  };
  window.digest = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).join(' ');
}

function uploaded(page: Page, file: PageFile) {
  const { name, type } = file;
  return onPage(page, 'uploadFile', { name, contentType: type, uuid: name, cause: '' }, { file });
}

/** What the page gets from a URL, as its digest. */
function fetched(page: Page, url: string): Promise<string> {
  return page.evaluate(async (url) => window.digest(await (await fetch(url)).arrayBuffer()), url);
}

function made(page: Page, file: PageFile): Promise<string> {
  return page.evaluate(async (file) => window.digest(await (await window.makeFile(file)).arrayBuffer()), file);
}

/** Of the picture at a URL. */
function sizeOnPage(page: Page, url: string): Promise<number[]> {
  return page.evaluate(async (url) => {
    const { width, height } = await createImageBitmap(await (await fetch(url)).blob());
    return [width, height];
  }, url);
}
