/** The FileReader that browsers have and the JS SDK hashes files with, as far as it needs it (objects chapter, 1.11). */
export class NodeFileReader {
  result: ArrayBuffer | null = null;
  onload: ((event: { target: NodeFileReader }) => void) | null = null;
  onerror: ((error: unknown) => void) | null = null;

  readAsArrayBuffer(blob: Blob): void {
    blob.arrayBuffer().then(
      (bytes) => {
        this.result = bytes;
        this.onload?.({ target: this });
      },
      (error: unknown) => this.onerror?.(error),
    );
  }
}
