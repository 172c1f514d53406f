/**
 * Pictures made smaller by libvips. It works in libuv's threads, so the event loop goes on without a worker of our own; how
 * many of those four it takes at once is for the caller to bound.
 */
import type { Sharp } from 'sharp';
import type { Picture, PictureFormat, PictureScaler, PictureShape } from '../files/thumbnails.ts';

export interface SharpPictureScalerOptions {
  /** Of the picture that is read, its width times its height. */
  readonly maxThumbnailPixels: number;
  /** Called once if this platform has no libvips: then every picture throws. */
  readonly onUnavailable: (error: unknown) => void;
}

const timeoutSeconds = 5;
const quality = 80;

export class SharpPictureScaler implements PictureScaler {
  readonly #options: SharpPictureScalerOptions;
  #loading: Promise<SharpFactory> | undefined;

  constructor(options: SharpPictureScalerOptions) {
    this.#options = options;
  }

  async scale(bytes: Uint8Array, { width, height, format }: PictureShape): Promise<Picture | undefined> {
    const sharp = await this.#sharp();
    const input = sharp(bytes, {
      limitInputPixels: this.#options.maxThumbnailPixels,
      sequentialRead: true,
      failOn: 'error',
    });
    const { format: own, autoOrient } = await input.metadata();
    const wanted = format ?? pictureFormatOf(own);
    if (wanted === own && autoOrient.width <= width && autoOrient.height <= height) return undefined;
    const resized = input
      .autoOrient()
      .resize({ width, height, fit: 'inside', withoutEnlargement: true })
      .timeout({ seconds: timeoutSeconds });
    return { bytes: await encode(resized, wanted).toBuffer(), format: wanted };
  }

  /** It takes 24 MiB and a tenth of a second, which a server that nobody asks for thumbnails need not spend. */
  #sharp(): Promise<SharpFactory> {
    if (this.#loading === undefined) {
      this.#loading = loadSharp();
      this.#loading.catch(this.#options.onUnavailable);
    }
    return this.#loading;
  }
}

type SharpFactory = typeof import('sharp').default;

/** Sets libvips up, for the whole process. */
async function loadSharp(): Promise<SharpFactory> {
  const { default: sharp } = await import('sharp');
  // One thread for a picture, and nothing kept when it is done.
  sharp.concurrency(1);
  sharp.cache(false);
  // Of all that libvips can read only this: no SVG, no PDF, and no format that few need and few have looked at.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['Jpeg', 'Png', 'Nsgif', 'Webp'].map((format) => `VipsForeignLoad${format}Buffer`) });
  return sharp;
}

function encode(image: Sharp, format: PictureFormat): Sharp {
  switch (format) {
    case 'jpeg':
      // It knows no transparency, and black would hide black text.
      return image.flatten({ background: 'white' }).jpeg({ quality });
    case 'webp':
      return image.webp({ quality });
    case 'png':
      return image.png();
    case 'gif':
      return image.gif();
  }
}

/** @throws if it is none of ours */
function pictureFormatOf(own: string): PictureFormat {
  if (own === 'jpeg' || own === 'png' || own === 'gif' || own === 'webp') return own;
  throw new Error(`no thumbnails of ${own}`);
}
