/** As what a browser may take an object: nothing that could run a script under our address is shown. */

export interface Presentation {
  readonly contentType: string;
  /** Content-Disposition; undefined: none. */
  readonly disposition: string | undefined;
}

const wellFormedType = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:; ?[\w-]{1,32}=[\w.+-]{1,64})?$/;
const shownTypes = /^(?:image\/(?!svg)|audio\/|video\/|text\/plain(?:;|$))/;

/** @param asAttachment even what could be shown is to be saved */
export function presentationOf(
  { contentType, name }: { readonly contentType: string; readonly name: string },
  asAttachment = false,
): Presentation {
  const type = wellFormedType.test(contentType) ? contentType.toLowerCase() : 'application/octet-stream';
  const isShown = !asAttachment && shownTypes.test(type);
  return { contentType: type, disposition: isShown ? undefined : attachment(name) };
}

/** RFC 6266, with the last segment of the name as RFC 8187 encodes it. */
function attachment(name: string): string {
  const baseName = encodeURIComponent(name.slice(name.lastIndexOf('/') + 1)).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${baseName}`;
}
