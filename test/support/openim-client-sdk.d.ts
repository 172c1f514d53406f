/** The ES2017 build of the package, which ships types for its main entry only. */
declare module '@openim/client-sdk/lib/index.modern.mjs' {
  export * from '@openim/client-sdk';
}
