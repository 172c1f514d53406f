/** All numbers of the protocol in one, for what still imports them so: new code names the module that it needs. */
export * from './contents.ts';
export * from './messages.ts';
export * from './notices.ts';
export * from './platforms.ts';
export * from './request-identifiers.ts';
export * from './sessions.ts';
export * from './token-life.ts';
