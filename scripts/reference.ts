/** Prints what is made from the endpoints: `access` (docs/spec/access.md), `endpoints` or `openapi` (docs/openapi.json). */
import { accessPage } from '../src/http/access-text.ts';
import { oauthEndpoints } from '../src/http/oauth/index.ts';
import { openApiDocument } from '../src/http/openapi.ts';
import { endpoints } from '../src/http/routes/index.ts';
import { readVersion } from '../src/version.ts';
import { endpointsPage } from './endpoint-coverage.ts';

const pages: Readonly<Record<string, () => string>> = {
  access: () => accessPage(endpoints),
  endpoints: endpointsPage,
  openapi: () => `${JSON.stringify(openApiDocument(endpoints, readVersion(), oauthEndpoints), null, 2)}\n`,
};
const page = pages[process.argv[2] ?? ''];
if (page === undefined) throw new Error(`one of ${Object.keys(pages).join(', ')}`);
process.stdout.write(page());
