/** Reads protobuf only as far as a request may reach: what gzip makes of 2 KB decodes for 100 ms otherwise (O1). */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { WireBounds } from './bounds.ts';
import { errors } from './errors.ts';

/** Fields of the largest message that is no list, with room to spare. */
const partsBesidesLists = 256;

/** A reader that goes no farther. Each part takes a byte at least: short data needs no count, which costs time. */
export function boundedReader(data: Uint8Array, bounds: WireBounds): BinaryReader {
  return data.length <= mostParts(bounds) ? new BinaryReader(data) : new BoundedReader(data, bounds);
}

function mostParts({ maxListItems }: WireBounds): number {
  return 2 * maxListItems + partsBesidesLists;
}

export class BoundedReader extends BinaryReader {
  readonly #maxListItems: number;
  #partsLeft: number;

  /** Its methods throw 1001 once the request has about twice as many parts as a list may have elements. */
  constructor(data: Uint8Array, bounds: WireBounds) {
    super(data);
    this.#maxListItems = bounds.maxListItems;
    this.#partsLeft = mostParts(bounds);
    // The library's is a property of each reader, so that it cannot be overridden.
    const { uint32 } = this;
    this.uint32 = () => {
      this.#count();
      return uint32.call(this);
    };
  }

  /** Every element of a packed list; tags and lengths are read by `uint32`. */
  override int64(): bigint | string {
    this.#count();
    return super.int64();
  }

  #count(): void {
    if (--this.#partsLeft < 0) throw errors.args(`lists have more than ${this.#maxListItems} elements`);
  }
}
