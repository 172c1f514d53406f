/** Clients of the OAuth endpoints, as the setting has them. */
import { shortestSecret } from './secret-rules.ts';

/**
 * @param items `id:secret`
 * @returns secret by client ID
 */
export function parseOauthClients(
  items: readonly string[],
  complain: (problem: string) => void,
): ReadonlyMap<string, string> {
  const clients = new Map<string, string>();
  items.forEach((item, index) => {
    const colon = item.indexOf(':');
    const [id, secret] = [item.slice(0, colon), item.slice(colon + 1)];
    // The text is not repeated: it holds a secret.
    if (colon < 0 || !/^[\w.-]{1,64}$/.test(id) || secret.length < shortestSecret) {
      complain(
        `item ${index + 1} must be id:secret, the id of letters, digits, _ . -, the secret of at least ${shortestSecret} characters`,
      );
    } else if (clients.has(id)) complain(`item ${index + 1} repeats a client`);
    clients.set(id, secret);
  });
  return clients;
}
