/** Keys and a certificate for stand-ins of push services; made once for a process. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const fixtures = join(import.meta.dirname, '../../fixtures/push');

/** Of localhost, signed by itself: whoever is to trust it is told so. */
export const localhost = {
  cert: readFileSync(join(fixtures, 'localhost.pem'), 'utf8'),
  key: readFileSync(join(fixtures, 'localhost-key.pem'), 'utf8'),
};

/** As Google gives them to service accounts. */
export const rsaKeys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** As Apple gives them to developers. */
export const ecKeys = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
